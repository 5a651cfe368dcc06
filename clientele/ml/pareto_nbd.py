"""Pareto/NBD: how often customers buy, and when they leave for good.

Schmittlein, Morrison & Colombo (1987), Counting Your Customers, Management Science 33(1); likelihood and expectation as
in Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model. While alive a customer buys as a Poisson process
whose rate is gamma(r, alpha) over customers; the lifetime is exponential, at a rate that is gamma(s, beta).

The published likelihood has two Gauss hypergeometric functions, whose difference cancels. They stand for one integral
over the unknown time of leaving, of a positive smooth function; it is taken here by quadrature, with its derivatives.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml import nbd
from clientele.ml.histories import Histories
from clientele.ml.likelihood import Maximum, maximise

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

NODES = 40  # of the quadrature over the time of leaving
ROWS = 20_000  # of customers at a time, so that nodes x rows stay in the cache
NAMES = ("r", "alpha", "s", "beta")


@dataclass(frozen=True)
class ParetoNbd:
    """A fitted Pareto/NBD; `alpha` and `beta` are in the unit of time of the histories.

    Without dropout `s` is 0 and the model is the NBD. Without `converged`, `message` says what stands in for the fit.
    `standard_errors` are nan where a parameter is at its bound or was not fitted.
    """

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float
    standard_errors: dict[str, float]
    converged: bool
    has_dropout: bool
    message: str
    n_iterations: int

    @classmethod
    def fit(cls, histories: Histories) -> ParetoNbd:
        """Maximum likelihood on the distinct histories. Never fails: see `converged` and `message`."""
        return cls(**nbd.fit_with_dropout(histories, _fit, names=NAMES, is_time=(False, True, False, True)))

    def p_alive(self, histories: Histories) -> Vector:
        """Probability that the customer has not left."""
        if not self.has_dropout:
            return np.ones(len(histories))
        parameters = np.array([self.r, self.alpha, self.s, self.beta])
        alive = np.log(self.beta) - np.log(self.beta + histories.age)
        log_alive = -(self.r + histories.x) * np.log(self.alpha + histories.age) + self.s * alive
        gone = _left(histories.x, histories.t_x, histories.age, parameters)
        return np.exp(log_alive - np.logaddexp(log_alive, gone))

    def expected_purchases(self, histories: Histories, t: float) -> Vector:
        """Purchases expected in the next `t`, given the history."""
        rate = (self.r + histories.x) / (self.alpha + histories.age)
        return self.p_alive(histories) * rate * self._time_alive(histories.age, t)

    def expected_total(self, t: Vector) -> Vector:
        """Repeat purchases expected of a new customer within each `t` of the first."""
        return self.r / self.alpha * self._time_alive(np.zeros(1), np.atleast_1d(t))

    def probability_of_no_purchase(self, histories: Histories, t: float) -> Vector:
        """Probability of no purchase in the next `t`, given the history.

        Given that the customer is alive, the rates are gamma(r + x, alpha + T) and gamma(s, beta + T): either neither
        purchase nor leaving within t, or leaving before a purchase, which is the integral of the likelihood again.
        """
        x, now, then = histories.x, histories.age, histories.age + t
        alive = self.p_alive(histories)
        neither = -(self.r + x) * np.log1p(t / (self.alpha + now))
        waits = np.exp(neither)
        if self.has_dropout:
            lives = self.s * np.log((self.beta + now) / (self.beta + then))
            parameters = np.array([self.r, self.alpha, self.s, self.beta])
            given = (self.r + x) * np.log(self.alpha + now) + self.s * np.log((self.beta + now) / self.beta)
            waits = np.exp(neither + lives) + np.exp(_left(x, now, then, parameters) + given)
        return np.clip(1 - alive + alive * waits, 0.0, 1.0)

    def _time_alive(self, age: Vector, t: float | Vector) -> Vector:
        """Time that a customer who is alive is expected to live of the next `t`; it has a limit at s = 1."""
        from scipy.special import exprel

        log_growth = np.log1p(t / (self.beta + age))
        if not self.has_dropout:
            return np.zeros(len(age)) + t
        return (self.beta + age) * log_growth * exprel((1 - self.s) * log_growth)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"kind": "pareto_nbd", **asdict(self)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> ParetoNbd:
        """The model that `to_state` gave."""
        return cls(**{name: value for name, value in state.items() if name != "kind"})


def _fit(cells: Histories, of_nbd: Vector) -> Maximum:
    start = np.array([*of_nbd, 0.5, 0.5])
    return maximise(lambda parameters: log_likelihood(cells, parameters), start, n=cells.n_customers)


def log_likelihood(cells: Histories, parameters: Vector) -> tuple[float, Vector]:
    """Of (r, alpha, s, beta), with the gradient."""
    from scipy.special import digamma, gammaln

    r, alpha, s, beta = parameters
    x, r_x, age, weight = cells.x, r + cells.x, cells.age, cells.weight
    log_end, log_life = np.log(alpha + age), np.log(beta) - np.log(beta + age)
    alive = -r_x * log_end + s * log_life
    gone, slopes = _left_with_slopes(x, cells.t_x, age, parameters)
    value = np.logaddexp(alive, gone)
    p_gone = np.exp(gone - value)
    of_r = np.log(alpha) + digamma(r_x) - digamma(r)
    by = [
        of_r - (1 - p_gone) * log_end + p_gone * slopes[0],
        r / alpha - (1 - p_gone) * r_x / (alpha + age) + p_gone * slopes[1],
        (1 - p_gone) * log_life + p_gone * slopes[2],
        (1 - p_gone) * s * (1 / beta - 1 / (beta + age)) + p_gone * slopes[3],
    ]
    value += gammaln(r_x) - gammaln(r) + r * np.log(alpha)
    return float(weight @ value), np.array([weight @ slope for slope in by])


def _left(x: Vector, start: Vector, end: Vector, parameters: Vector) -> Vector:
    return _left_with_slopes(x, start, end, parameters)[0]


def _left_with_slopes(x: Vector, start: Vector, end: Vector, parameters: Vector) -> tuple[Vector, Matrix]:
    """Log of the integral of (alpha + u)^-(r + x) s beta^s (beta + u)^-(s + 1) over u from `start` to `end`.

    That is the likelihood of having left in between. Also its derivatives by r, alpha, s and beta.
    """
    value, slopes = np.empty(len(x)), np.empty((4, len(x)))
    for at in range(0, len(x), ROWS):
        rows = slice(at, at + ROWS)
        value[rows], slopes[:, rows] = _left_of_rows(x[rows], start[rows], end[rows], parameters)
    return value, slopes


def _left_of_rows(x: Vector, start: Vector, end: Vector, parameters: Vector) -> tuple[Vector, Matrix]:
    """The integrand falls from `start` on, at first by `fall`: Gauss-Legendre nodes are spread over the log of that."""
    r, alpha, s, beta = parameters
    r_x = (r + x)[:, None]
    node, node_weight = _nodes(NODES)
    fall = (r + x) / (alpha + start) + (s + 1) / (beta + start)
    span = np.log1p(fall * (end - start))
    passed = np.expm1(span[:, None] * node) / fall[:, None]
    from_alpha, from_beta = (alpha + start)[:, None] + passed, (beta + start)[:, None] + passed
    log_alpha, log_beta = np.log(from_alpha), np.log(from_beta)
    top = -(r + x) * np.log(alpha + start) - (s + 1) * np.log(beta + start)
    # du is (1 / fall + passed) times the step in the log.
    density = np.exp(-r_x * log_alpha - (s + 1) * log_beta - top[:, None]) * (1 / fall[:, None] + passed) * node_weight
    total = density.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = top + np.log(total * span) + np.log(s) + s * np.log(beta)
        density /= total[:, None]
    slopes = np.array(
        [
            -(density * log_alpha).sum(axis=1),
            -(r + x) * (density / from_alpha).sum(axis=1),
            1 / s + np.log(beta) - (density * log_beta).sum(axis=1),
            s / beta - (s + 1) * (density / from_beta).sum(axis=1),
        ]
    )
    return value, slopes


@cache
def _nodes(n: int) -> tuple[Vector, Vector]:
    """Of Gauss-Legendre quadrature over (0, 1)."""
    node, weight = np.polynomial.legendre.leggauss(n)
    return (node + 1) / 2, weight / 2
