"""Customers drawn from the purchase models themselves, so that what is fitted can be held against what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clientele.ml.histories import Histories, Vector


@dataclass
class Drawn:
    """Histories until each customer's age, and the purchases in the `ahead` that follows."""

    histories: Histories
    later: Vector


def _count(rate: Vector, life: Vector, age: Vector, ahead: float, rng: np.random.Generator, chance: Vector) -> Drawn:
    """Buy at exponential intervals until `life` ends, or at a purchase with `chance`."""
    n = len(rate)
    x, t_x, later, now, alive = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.arange(n)
    while alive.size:
        now[alive] += rng.exponential(size=alive.size) / rate[alive]
        alive = alive[now[alive] < np.minimum(life[alive], age[alive] + ahead)]
        before = now[alive] < age[alive]
        x[alive[before]] += 1
        t_x[alive[before]] = now[alive[before]]
        later[alive[~before]] += 1
        alive = alive[rng.random(alive.size) >= chance[alive]]
    return Drawn(Histories(x, t_x, age), later)


def bg_nbd(n: int, *, r: float, alpha: float, a: float, b: float, ahead: float = 90, seed: int = 1) -> Drawn:
    rng = np.random.default_rng(seed)
    age = rng.integers(30, 365, n).astype(float)
    return _count(rng.gamma(r, 1 / alpha, n), np.full(n, np.inf), age, ahead, rng, rng.beta(a, b, n))


def pareto_nbd(n: int, *, r: float, alpha: float, s: float, beta: float, ahead: float = 90, seed: int = 1) -> Drawn:
    rng = np.random.default_rng(seed)
    age = rng.integers(30, 365, n).astype(float)
    life = rng.exponential(size=n) / rng.gamma(s, 1 / beta, n)
    return _count(rng.gamma(r, 1 / alpha, n), life, age, ahead, rng, np.zeros(n))


def nbd(n: int, *, r: float, alpha: float, ahead: float = 90, seed: int = 1) -> Drawn:
    rng = np.random.default_rng(seed)
    age = rng.integers(30, 365, n).astype(float)
    return _count(rng.gamma(r, 1 / alpha, n), np.full(n, np.inf), age, ahead, rng, np.zeros(n))


# Histories on which formulas overflow, cancel or divide by 0: bought today, often, long ago, all on one day.
EXTREME = Histories(
    x=np.array([0, 0, 1, 1, 40, 5_000, 5_000, 3, 100_000]),
    t_x=np.array([0, 0, 0, 300, 1, 20, 900, 0, 1_000]),
    age=np.array([0, 3_000, 0, 300, 3_000, 3_000, 900, 900, 1_000]),
)
