"""NBD of customers some of whom bought before the data began: the first purchase on record is not always the first.

Data mostly begin later than the company. Who bought before is seen from its first day on and found at a purchase; who
came later is seen from that purchase on. Purchases are Poisson at rates that are gamma(r, alpha) over customers, as in
the NBD (Ehrenberg 1959); newcomers arrive evenly. The first are conditional on a purchase since (a zero-truncated NBD),
and a customer is of either kind with the odds that the whole history gives. Nobody drops out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml import nbd
from clientele.ml.histories import Histories
from clientele.ml.likelihood import maximise
from clientele.ml.threads import one_blas_thread

Vector = npt.NDArray[np.float64]

NAMES = ("r", "alpha", "odds")


@dataclass(frozen=True)
class TruncatedNbd:
    """A fitted model; `alpha` is in the unit of time of the histories, `odds` are those of having bought before.

    Without `converged`, `odds` are 0, `r` and `alpha` those of moments or a pooled rate, and `message` says why.
    """

    r: float
    alpha: float
    odds: float
    log_likelihood: float
    standard_errors: dict[str, float]
    converged: bool
    message: str
    n_iterations: int

    @classmethod
    def fit(cls, histories: Histories, since: float) -> TruncatedNbd:
        """Maximum likelihood on histories that are all seen on one day, `since` units of time after the data began.

        Never fails: see `converged` and `message`.
        """
        still = np.zeros(len(histories))
        cells = Histories(histories.x, still, np.minimum(histories.age, since), histories.weight).distinct()
        if cells.n_repeat_buyers < nbd.FEWEST_REPEAT_BUYERS or not cells.age.any():
            few = f"{cells.n_repeat_buyers:g} repeat buyers, {nbd.FEWEST_REPEAT_BUYERS} are the fewest"
            return cls._standing_in(nbd.pooled(cells), few)
        start, of_all = nbd.from_moments(cells), LogLikelihood(cells.in_units_of(since))
        one_blas_thread()
        best = maximise(of_all, np.array([start.r, start.alpha / since, 1.0]), n=cells.n_customers)
        if not best.converged:
            return cls._standing_in(start, f"no convergence ({best.message})")
        scale = np.array([1.0, since, 1.0])
        bound = f"; at the bound: {', '.join(NAMES[i] for i in best.at_bound)}" if best.at_bound else ""
        r, alpha, odds = (best.parameters * scale).tolist()
        return cls(
            r, alpha, odds,
            # A density of times is per unit of time, once for each purchase.
            log_likelihood=float(best.log_likelihood - cells.weight @ (cells.x + 1) * np.log(since)),
            standard_errors=dict(zip(NAMES, (best.standard_errors * scale).tolist(), strict=True)),
            converged=True,
            message=f"converged{bound}",
            n_iterations=best.n_iterations,
        )  # fmt: skip

    @classmethod
    def _standing_in(cls, rates: nbd.Rates, why: str) -> TruncatedNbd:
        errors = dict.fromkeys(NAMES, np.nan)
        return cls(rates.r, rates.alpha, 0.0, np.nan, errors, False, f"{rates.message}: {why}", 0)

    def bought_before(self, histories: Histories, since: Vector) -> Vector:
        """Probability that the first purchase on record was not the customer's first."""
        from scipy.special import expit

        if not self.odds or not self.r:
            return np.zeros(len(histories))
        age, since = np.minimum(histories.age, since), np.maximum(since, 1e-9)
        before, after = log_densities(self.r, self.alpha, histories.x, age, since)
        return expit(np.log(self.odds) + before - after)

    def expected_purchases(self, histories: Histories, since: Vector, t: float) -> Vector:
        """Purchases expected in the next `t`, given the history and how long before today the data began."""
        x, age, before = histories.x, np.minimum(histories.age, since), self.bought_before(histories, since)
        of_old, of_new = (self.r + x + 1) / (self.alpha + since), (self.r + x) / (self.alpha + age)
        return t * (before * of_old + (1 - before) * of_new)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"kind": "truncated_nbd", **asdict(self)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TruncatedNbd:
        """The model that `to_state` gave."""
        return cls(**{name: value for name, value in state.items() if name != "kind"})


def log_densities(r: float, alpha: float, x: Vector, age: Vector, since: float | Vector) -> tuple[Vector, Vector]:
    """Of the purchases of a customer who bought before the data began, given that there is one, and of a newcomer's."""
    from scipy.special import gammaln

    common = r * np.log(alpha) - gammaln(r)
    seen = np.log(-np.expm1(r * np.log(alpha / (alpha + since))))
    before = common + gammaln(r + x + 1) - (r + x + 1) * np.log(alpha + since) - seen
    return before, common + gammaln(r + x) - (r + x) * np.log(alpha + age) - np.log(since)


class LogLikelihood:
    """Log-likelihood of (r, alpha, odds) with its gradient, in units of the time since the data began."""

    def __init__(self, cells: Histories) -> None:
        self.x, self.age, self.weight = cells.x, cells.age, cells.weight

    def __call__(self, parameters: Vector) -> tuple[float, Vector]:
        """At the parameters: the value, and its derivative by each of them."""
        from scipy.special import digamma, expit

        r, alpha, odds = parameters
        x, age, weight = self.x, self.age, self.weight
        before, after = log_densities(r, alpha, x, age, 1.0)
        p = expit(np.log(odds) + before - after)
        value = np.logaddexp(np.log(odds) + before, after) - np.log1p(odds)
        log_unseen = r * np.log(alpha / (alpha + 1))
        unseen = np.exp(log_unseen) / -np.expm1(log_unseen)  # odds of no purchase
        of_r = np.log(alpha) - digamma(r)
        by_r = p * (digamma(r + x + 1) - np.log(alpha + 1) + log_unseen / r * unseen)
        by_r += (1 - p) * (digamma(r + x) - np.log(alpha + age)) + of_r
        by_alpha = p * (r * unseen / (alpha * (alpha + 1)) - (r + x + 1) / (alpha + 1))
        by_alpha += (1 - p) * -(r + x) / (alpha + age) + r / alpha
        by_odds = p / odds - 1 / (1 + odds)
        return float(weight @ value), np.array([weight @ by_r, weight @ by_alpha, weight @ by_odds])
