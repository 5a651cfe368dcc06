"""Gamma-Gamma: what a customer spends per purchase.

Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value; Colombo & Jiang (1999). The values of a customer's
purchases are gamma with shape p and a rate that is gamma(q, gamma) over customers. A customer's mean is drawn towards
the mean of all, the more so the fewer purchases it rests on. It assumes that value and frequency are unrelated.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.histories import distinct_rows
from clientele.ml.likelihood import maximise
from clientele.ml.threads import one_blas_thread

Vector = npt.NDArray[np.float64]

NAMES = ("p", "q", "gamma")
FEWEST_BUYERS = 10
LEAST_Q = 1.05  # at q = 1 and below the mean of all customers would be infinite


@dataclass(frozen=True)
class GammaGamma:
    """A fitted Gamma-Gamma; `gamma` is in the unit of the values, `mean_value` is what a customer unknown spends.

    Without `converged`, everyone is expected to spend what they spent, and `message` says why.
    """

    p: float
    q: float
    gamma: float
    mean_value: float
    log_likelihood: float
    standard_errors: dict[str, float]
    converged: bool
    message: str
    n_iterations: int

    @classmethod
    def fit(cls, frequency: Vector, mean_value: Vector, *, weight: Vector | None = None) -> GammaGamma:
        """Maximum likelihood on customers' number of purchases and mean value of one.

        Customers without a purchase, or whose mean is not above 0, tell nothing and are left out. Never fails: see
        `converged` and `message`.
        """
        frequency, mean_value = np.asarray(frequency, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
        weight = np.ones(len(frequency)) if weight is None else np.asarray(weight, dtype=np.float64)
        kept = (frequency > 0) & (mean_value > 0) & np.isfinite(mean_value)
        x, z, weight = frequency[kept], mean_value[kept], weight[kept]
        n, unit = float(weight.sum()), float(weight @ (x * z) / (weight @ x)) if len(x) else 0.0
        if n < FEWEST_BUYERS or z.min() == z.max():
            return cls._of_all(unit, f"own mean of each customer: {n:g} buyers whose values differ too little")
        first, of = distinct_rows(x, z)
        x, z, weight = x[first], z[first] / unit, np.bincount(of, weight).astype(np.float64)
        one_blas_thread()
        best = maximise(
            LogLikelihood(x, z, weight),
            np.array([2.0, 3.0, 2.0]), n=n, least=np.array([1e-6, LEAST_Q, 1e-6]),
        )  # fmt: skip
        if not best.converged:
            return cls._of_all(unit, f"own mean of each customer: no convergence ({best.message})")
        p, q, gamma = (best.parameters * [1, 1, unit]).tolist()
        bound = f"; at the bound: {', '.join(NAMES[i] for i in best.at_bound)}" if best.at_bound else ""
        errors = dict(zip(NAMES, (best.standard_errors * [1, 1, unit]).tolist(), strict=True))
        value = float(best.log_likelihood - weight.sum() * np.log(unit))
        mean = p * gamma / (q - 1) if 1 not in best.at_bound else unit
        return cls(p, q, gamma, mean, value, errors, True, f"converged{bound}", best.n_iterations)

    @classmethod
    def _of_all(cls, mean: float, message: str) -> GammaGamma:
        """A shape so large that a customer's own mean counts alone; who has none gets that of all."""
        return cls(np.inf, 2.0, mean, mean, np.nan, dict.fromkeys(NAMES, np.nan), False, message, 0)

    def expected_spend(self, frequency: Vector, mean_value: Vector) -> Vector:
        """Mean value of a purchase to come, given `frequency` purchases of `mean_value` each (nan counts as none)."""
        x = np.where(np.isnan(mean_value), 0.0, frequency)
        z = np.where(x > 0, np.nan_to_num(mean_value), 0.0)
        if not self.converged:
            return np.where(x > 0, z, self.mean_value)
        return np.where(x > 0, self.p * (self.gamma + x * z) / (self.p * x + self.q - 1), self.mean_value)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"kind": "gamma_gamma", **asdict(self)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> GammaGamma:
        """The model that `to_state` gave."""
        return cls(**{name: value for name, value in state.items() if name != "kind"})


class LogLikelihood:
    """Log-likelihood of (p, q, gamma) given `x` purchases of mean value `z`, with its gradient (equation 1a).

    What depends on the number of purchases alone is computed once per number.
    """

    def __init__(self, x: Vector, z: Vector, weight: Vector) -> None:
        self.x, self.of_x = np.unique(x, return_inverse=True)
        self.weight, self.spent = weight, x * z
        self.n, self.log_z = self._by_x(np.ones(len(z))), self._by_x(np.log(z))

    def _by_x(self, values: Vector) -> Vector:
        return np.bincount(self.of_x, self.weight * values).astype(np.float64)

    def __call__(self, parameters: Vector) -> tuple[float, Vector]:
        """At the parameters: the value, and its derivative by each of them."""
        from scipy.special import digamma, gammaln

        p, q, gamma = parameters
        n, x, px, total = self.n, self.x, p * self.x, gamma + self.spent
        log_total = self._by_x(np.log(total))
        value = n @ (gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(gamma) + px * np.log(x))
        value += (px - 1) @ self.log_z - (px + q) @ log_total
        more = digamma(px + q)
        gradient = [
            x @ (n * (more - digamma(px) + np.log(x)) + self.log_z - log_total),
            n @ (more - digamma(q) + np.log(gamma)) - log_total.sum(),
            n.sum() * q / gamma - (px + q) @ self._by_x(1 / total),
        ]
        return float(value), np.array(gradient)
