"""BG/NBD: how often customers buy, and after which purchase they leave for good.

Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2). While alive a customer buys
as a Poisson process whose rate is gamma(r, alpha) over customers; after each repeat purchase the customer drops out
with a chance that is beta(a, b) over customers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml import nbd
from clientele.ml.histories import Histories, distinct_rows
from clientele.ml.likelihood import Maximum, maximise, polish

Vector = npt.NDArray[np.float64]

NODES = 64  # of the quadrature over the chance to drop out
MANY, ROUGH = 20_000, 50  # cells; steps of time in a rough fit, which has fewer
NAMES = ("r", "alpha", "a", "b")


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD; `alpha` is in the unit of time of the histories.

    Without dropout `a` is 0 and the model is the NBD. Without `converged`, `message` says what stands in for the fit.
    `standard_errors` are nan where a parameter is at its bound or was not fitted.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    standard_errors: dict[str, float]
    converged: bool
    has_dropout: bool
    message: str
    n_iterations: int

    @classmethod
    def fit(cls, histories: Histories) -> BgNbd:
        """Maximum likelihood on the distinct histories. Never fails: see `converged` and `message`."""
        return cls(**nbd.fit_with_dropout(histories, _fit, names=NAMES, is_time=(False, True, False, False)))

    def p_alive(self, histories: Histories) -> Vector:
        """Probability that the customer has not dropped out; 1 for everyone without a repeat purchase."""
        from scipy.special import expit

        x, repeats = histories.x, histories.x > 0
        if not self.has_dropout:
            return np.ones(len(histories))
        against = np.log(self.a) - np.log(self.b + np.maximum(x, 1) - 1)
        against += (self.r + x) * (np.log(self.alpha + histories.age) - np.log(self.alpha + histories.t_x))
        return np.where(repeats, expit(-against), 1.0)

    def expected_purchases(self, histories: Histories, t: float) -> Vector:
        """Purchases expected in the next `t`, given the history (the paper's equation 10).

        Given that the customer is alive, the rate is gamma(r + x, alpha + T) and the chance to drop out beta(a, b + x).
        Over both, (1 - (1 + p t / (alpha + T)) ** -(r + x)) / p is expected; the mean over p is taken by Gauss-Jacobi
        quadrature, whose weights are positive: finite wherever the paper's 2F1 overflows, cancels or has a pole (at
        a = 1). Relative error below 1e-5 for t up to a hundred times alpha + T.
        """
        first, of = distinct_rows(histories.x, histories.age)
        return self._if_alive(histories.x[first], histories.age[first], t)[of] * self.p_alive(histories)

    def expected_total(self, t: Vector) -> Vector:
        """Repeat purchases expected of a new customer within each `t` of the first (the paper's equation 9)."""
        new = Histories(np.zeros(1), np.zeros(1), np.zeros(1))
        return np.array([self.expected_purchases(new, float(until))[0] for until in np.atleast_1d(t)])

    def probability_of_no_purchase(self, histories: Histories, t: float) -> Vector:
        """Probability of no purchase in the next `t`, given the history.

        Who is alive drops out at a purchase only, so waits for the next one exponentially, at a rate that is
        gamma(r + x, alpha + T): beyond t with ((alpha + T) / (alpha + T + t)) ** (r + x).
        """
        waits = np.exp(-(self.r + histories.x) * np.log1p(t / (self.alpha + histories.age)))
        alive = self.p_alive(histories)
        return 1 - alive + alive * waits

    def _if_alive(self, x: Vector, age: Vector, t: float) -> Vector:
        r_x, tau = self.r + x, t / (self.alpha + age)
        if not self.has_dropout or not len(x):
            return r_x * tau
        out = np.empty(len(x))
        order = np.argsort(x, kind="stable")
        starts = np.flatnonzero(np.diff(x[order])) + 1
        for part in np.split(order, starts):
            p, weight = beta_nodes(self.a, self.b + x[part[0]])
            purchases = -np.expm1(-r_x[part, None] * np.log1p(p * tau[part, None])) / p
            # Not by BLAS, whose last digit depends on how many rows there are.
            out[part] = (purchases * weight).sum(axis=1)
        return out

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"kind": "bg_nbd", **asdict(self)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> BgNbd:
        """The model that `to_state` gave."""
        return cls(**{name: value for name, value in state.items() if name != "kind"})


def _fit(cells: Histories, of_nbd: Vector) -> Maximum:
    """Many cells are fitted from the maximum for fewer, whose times are rounded."""
    start, n = np.array([*of_nbd, 0.5, 2.0]), cells.n_customers
    if len(cells) <= MANY:
        return maximise(LogLikelihood(cells), start, n=n)
    few = cells.in_units_of(1 / ROUGH).rounded().distinct().in_units_of(ROUGH)
    rough = maximise(LogLikelihood(few), start, n=n)
    return polish(LogLikelihood(cells), rough, n=n)


class LogLikelihood:
    """Log-likelihood of (r, alpha, a, b) with its gradient; what depends on one number is computed once per value."""

    def __init__(self, cells: Histories) -> None:
        self.weight, self.repeats = cells.weight, cells.x > 0
        (self.x, self.of_x), (self.t_x, self.of_t_x), (self.age, self.of_age) = (
            np.unique(values, return_inverse=True) for values in (cells.x, cells.t_x, cells.age)
        )
        self.weight_of_x = np.bincount(self.of_x, self.weight)

    def __call__(self, parameters: Vector) -> tuple[float, Vector]:
        """At the parameters: the value, and its derivative by each of them."""
        from scipy.special import betaln, digamma, gammaln

        r, alpha, a, b = parameters
        x, r_x, n = self.x, r + self.x, self.weight_of_x
        ends, lasts = np.log(alpha + self.age)[self.of_age], np.log(alpha + self.t_x)[self.of_t_x]
        exponent = r_x[self.of_x]
        # Either alive until today, or gone at the last purchase.
        before_x = b + np.maximum(x, 1) - 1
        gone = (np.log(a) - np.log(before_x))[self.of_x] + exponent * (ends - lasts)
        gone[~self.repeats] = -np.inf
        less_likely = np.exp(-np.abs(gone))
        p_gone = np.where(gone > 0, 1.0, less_likely) / (1 + less_likely)
        # log1p takes several times as long, and would add digits only where they are lost in the sum.
        either = np.maximum(gone, 0) + np.log(1 + less_likely)
        value = n @ (gammaln(r_x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b))
        value += self.weight @ (either - exponent * ends)
        mean_log = (1 - p_gone) * ends + p_gone * lasts
        inverse = (1 - p_gone) / (alpha + self.age)[self.of_age] + p_gone / (alpha + self.t_x)[self.of_t_x]
        gone_by_x = np.bincount(self.of_x, self.weight * p_gone)
        survived = digamma(a + b) - digamma(a + b + x)
        gradient = [
            n @ (digamma(r_x) - digamma(r) + np.log(alpha)) - self.weight @ mean_log,
            n.sum() * r / alpha - self.weight @ (exponent * inverse),
            n @ survived + gone_by_x.sum() / a,
            n @ (survived + digamma(b + x) - digamma(b)) - gone_by_x @ (1 / before_x),
        ]
        return float(value), np.array(gradient)


@lru_cache(maxsize=1_000)
def beta_nodes(a: float, b: float, n: int = NODES) -> tuple[Vector, Vector]:
    """Nodes in (0, 1) and weights, adding up to 1, of Gauss-Jacobi quadrature for the mean over a beta(a, b).

    Golub & Welsch (1969): the eigenvalues of the tridiagonal matrix of the polynomials' recurrence.
    """
    from scipy.linalg import eigh_tridiagonal

    k = np.arange(n, dtype=np.float64)
    low, high = a - 1, b - 1
    s = 2 * k + low + high
    diagonal = np.append(a / (a + b), ((s * (s + 2) + low**2 - high**2) / (2 * s * (s + 2) + (s == 0)))[1:])
    k, s = k[1:], s[1:]
    squares = k * (k + low) * (k + high) * (k + low + high) / (s**2 * (s + 1) * (s - 1) + (k == 1))
    squares[0] = a * b / ((a + b) ** 2 * (a + b + 1))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    return np.clip(nodes, np.finfo(float).tiny, 1.0), vectors[0] ** 2
