"""Customers drawn from the purchase models themselves, so that what is fitted can be held against what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


@dataclass
class Since(Drawn):
    """As seen `since` days after the data began; whether a customer was one before."""

    before: npt.NDArray[np.bool_]
    since: float


def older_than_its_data(
    n: int, *, r: float, alpha: float, share: float, since: float = 200, ahead: float = 90, seed: int = 1
) -> Since:
    """`share` of `n` customers on record bought before the data began, the others came evenly; nobody drops out."""
    rng = np.random.default_rng(seed)
    old = rng.gamma(r, 1 / alpha, 50 * n)
    old = old[rng.exponential(size=old.size) < old * since][: round(share * n)]  # who bought since
    assert old.size == round(share * n)
    rate = np.concatenate([old, rng.gamma(r, 1 / alpha, n - old.size)])
    before = np.arange(n) < old.size
    # The first purchase since then: exponential, cut off at today, or as newcomers come.
    first = np.where(before, -np.log1p(rng.random(n) * np.expm1(-rate * since)) / rate, rng.uniform(0, since, n))
    age, forever = since - first, np.full(n, np.inf)
    made = _count(rate, forever, age, ahead, rng, np.zeros(n))
    return Since(made.histories, made.later, before, since)


# Histories on which formulas overflow, cancel or divide by 0: bought today, often, long ago, all on one day.
EXTREME = Histories(
    x=np.array([0, 0, 1, 1, 40, 5_000, 5_000, 3, 100_000]),
    t_x=np.array([0, 0, 0, 300, 1, 20, 900, 0, 1_000]),
    age=np.array([0, 3_000, 0, 300, 3_000, 3_000, 900, 900, 1_000]),
)
