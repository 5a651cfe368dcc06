"""The NBD: customers buy at rates that differ by a gamma distribution, and never drop out (Ehrenberg 1959).

It is what a purchase model with dropout becomes where there is none to be seen, and what stands in where none can be
fitted: its parameters are then those of moments, or one pooled rate for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.histories import Histories
from clientele.ml.likelihood import Maximum, maximise
from clientele.ml.threads import one_blas_thread

Vector = npt.NDArray[np.float64]

FEWEST_REPEAT_BUYERS = 10  # below, four parameters say more about chance than about customers
LEAST_GAIN = 0.01  # of log-likelihood, by which dropout must explain more to be seen


@dataclass(frozen=True)
class Rates:
    """Purchase rates of all customers: gamma with shape `r` and rate `alpha` (in the unit of time)."""

    r: float
    alpha: float
    message: str


def log_likelihood(histories: Histories, parameters: Vector) -> tuple[float, Vector]:
    """Of `r` and `alpha`, with the gradient; the density of the times of purchase, like that of BG/NBD."""
    from scipy.special import digamma, gammaln

    r, alpha = parameters
    x, end, weight = histories.x, alpha + histories.age, histories.weight
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(end)
    by_r = digamma(r + x) - digamma(r) + np.log(alpha) - np.log(end)
    by_alpha = r / alpha - (r + x) / end
    return float(weight @ value), np.array([weight @ by_r, weight @ by_alpha])


def fit(cells: Histories) -> Maximum:
    """Maximum likelihood on histories with repeat purchases; when the last was does not matter."""
    start = from_moments(cells)
    return maximise(
        lambda parameters: log_likelihood(cells, parameters),
        np.array([start.r, start.alpha]),
        n=cells.n_customers,
    )


def fit_with_dropout(
    histories: Histories,
    fit_full: Callable[[Histories, Vector], Maximum],
    *,
    names: tuple[str, str, str, str],
    is_time: tuple[bool, bool, bool, bool],
) -> dict[str, Any]:
    """The fields of a model with dropout, by maximum likelihood on the distinct histories.

    `fit_full` fits its four parameters, the first two of them those of the NBD, of which it is given the maximum. Those
    that are times are scaled, as likelihoods are flat in large numbers. Where dropout explains no more than the NBD,
    the latter two are 0 and 1; where nothing can be fitted, rates stand in and `message` says why.
    """
    cells = histories.distinct()
    if cells.n_repeat_buyers < FEWEST_REPEAT_BUYERS:
        few = f"{cells.n_repeat_buyers:g} repeat buyers, {FEWEST_REPEAT_BUYERS} are the fewest"
        return _standing_in(cells, pooled(cells), few, names)
    unit = float(cells.age.max()) or 1.0
    by_age = Histories(cells.x, np.zeros(len(cells)), cells.age, cells.weight).distinct()
    one_blas_thread()
    simple = fit(by_age.in_units_of(unit))
    full = fit_full(cells.in_units_of(unit), simple.parameters)
    has_dropout = full.converged and full.log_likelihood >= simple.log_likelihood + LEAST_GAIN
    best = full if has_dropout else simple
    if not best.converged:
        return _standing_in(cells, from_moments(cells), f"no convergence ({best.message})", names)
    scale = np.where(is_time, unit, 1.0)
    message = "converged" if has_dropout else "converged to no dropout: the NBD explains the purchases as well"
    if best.at_bound:
        message += f"; at the bound: {', '.join(names[i] for i in best.at_bound)}"
    values = np.array([*best.parameters, 0.0, 1.0][:4])
    errors = np.array([*best.standard_errors, np.nan, np.nan][:4])
    return {
        **dict(zip(names, (values * scale).tolist(), strict=True)),
        # A density of times is per unit of time, once for each purchase.
        "log_likelihood": float(best.log_likelihood - (cells.weight * cells.x).sum() * np.log(unit)),
        "standard_errors": dict(zip(names, (errors * scale).tolist(), strict=True)),
        "converged": True,
        "has_dropout": bool(has_dropout),
        "message": message,
        "n_iterations": best.n_iterations,
    }


def _standing_in(histories: Histories, rates: Rates, why: str, names: tuple[str, str, str, str]) -> dict[str, Any]:
    parameters = np.array([rates.r, rates.alpha])
    return {
        **dict(zip(names, (rates.r, rates.alpha, 0.0, 1.0), strict=True)),
        "log_likelihood": log_likelihood(histories, parameters)[0] if rates.r else np.nan,
        "standard_errors": dict.fromkeys(names, np.nan),
        "converged": False,
        "has_dropout": False,
        "message": f"{rates.message}: {why}",
        "n_iterations": 0,
    }


def from_moments(histories: Histories) -> Rates:
    """NBD with the mean and variance of the counts seen; the pooled rate where they do not vary more than Poisson."""
    x, age, weight = histories.x, histories.age, histories.weight
    exposure = weight @ age
    if not exposure or not weight @ x:
        return pooled(histories)
    rate = (weight @ x) / exposure
    beyond_poisson = weight @ ((x - rate * age) ** 2 - rate * age)
    if beyond_poisson <= 0:
        return pooled(histories)
    r = float(rate**2 * (weight @ age**2) / beyond_poisson)
    return Rates(r, float(r / rate), "NBD by moments")


def pooled(histories: Histories) -> Rates:
    """One rate: repeat purchases, and half of one more, over the time watched (Jeffreys' prior of a Poisson rate).

    Where no time was watched, the rate is 0.
    """
    exposure = float(histories.weight @ histories.age)
    if not exposure:
        return Rates(0.0, np.inf, "rate 0, as no time was watched")
    return Rates(float(histories.weight @ histories.x) + 0.5, exposure, "pooled rate")
