"""Maximum likelihood over positive parameters, which are sought by their logarithms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
# Parameters to the log-likelihood and its gradient with respect to them.
LogLikelihood = Callable[[Vector], tuple[float, Vector]]

FURTHEST = 14.0  # of a logarithm from 0; e^14 is over a million
STEP = 1e-5  # of a logarithm, in which the gradient is differenced
FLAT = 1e-7  # slope per observation at which a maximum is reached
MOST_POLISHING = 12


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is highest.

    `covariance` is that of the logarithms of the parameters by the observed information; nan for a parameter that is
    `at_bound` (by position) and where the information is not positive definite.
    """

    parameters: Vector
    covariance: npt.NDArray[np.float64]
    log_likelihood: float
    converged: bool
    at_bound: tuple[int, ...]
    message: str
    n_iterations: int

    @property
    def standard_errors(self) -> Vector:
        """Of the parameters, by the delta method."""
        return self.parameters * np.sqrt(np.diag(self.covariance))


def maximise(function: LogLikelihood, start: Vector, *, n: float, least: Vector | None = None) -> Maximum:
    """Maximise with L-BFGS-B from `start`; `n` is the number of observations, `least` a lower bound per parameter."""
    from scipy.optimize import minimize

    lower = np.full(len(start), -FURTHEST) if least is None else np.maximum(np.log(least), -FURTHEST)
    loss = _loss(function, n)
    found = minimize(
        loss, np.clip(np.log(start), lower, FURTHEST), jac=True, method="L-BFGS-B",
        bounds=[(low, FURTHEST) for low in lower], options={"ftol": 1e-14, "gtol": FLAT, "maxiter": 500, "maxcor": 20},
    )  # fmt: skip
    at_bound = (found.x <= lower + 1e-6) | (found.x >= FURTHEST - 1e-6)
    # A line search that finds nothing better, at a slope of (nearly) nothing, has arrived too.
    slope = np.abs(found.jac[~at_bound]).max(initial=0.0)
    return Maximum(
        parameters=np.exp(found.x),
        covariance=_covariance(loss, found.x, found.jac, ~at_bound, n),
        log_likelihood=float(-found.fun * n),
        converged=bool(np.isfinite(found.fun) and (found.success or slope < 1e-4)),
        at_bound=tuple(np.flatnonzero(at_bound).tolist()),
        message=str(found.message),
        n_iterations=int(found.nit),
    )


def polish(function: LogLikelihood, rough: Maximum, *, n: float) -> Maximum:
    """Maximise from the maximum of nearly the same likelihood, whose curvature serves for Newton steps.

    A few evaluations do where `maximise` takes dozens; it takes over where the two differ too much.
    """
    if rough.at_bound or not np.isfinite(rough.covariance).all():
        return maximise(function, rough.parameters, n=n)
    loss, at = _loss(function, n), np.log(rough.parameters)
    for iteration in range(1, MOST_POLISHING + 1):
        value, slope = loss(at)
        if np.abs(slope).max() < FLAT:
            covariance = _covariance(loss, at, slope, np.ones(len(at), dtype=bool), n)
            iterations = rough.n_iterations + iteration
            return Maximum(np.exp(at), covariance, float(-value * n), True, (), "converged", iterations)
        at = np.clip(at - np.clip(n * rough.covariance @ slope, -1, 1), -FURTHEST, FURTHEST)
    return maximise(function, rough.parameters, n=n)


def _loss(function: LogLikelihood, n: float) -> LogLikelihood:
    """Mean negative log-likelihood by the logarithms of the parameters."""

    def loss(logs: Vector) -> tuple[float, Vector]:
        parameters = np.exp(logs)
        value, gradient = function(parameters)
        return -value / n, -gradient * parameters / n

    return loss


def _covariance(
    loss: LogLikelihood, at: Vector, slope: Vector, free: npt.NDArray[np.bool_], n: float
) -> npt.NDArray[np.float64]:
    covariance = np.full((len(at), len(at)), np.nan)
    steps = np.diag(np.full(len(at), STEP))[free]
    if not len(steps):
        return covariance
    information = n / STEP * np.array([(loss(at + step)[1] - slope)[free] for step in steps])
    information = (information + information.T) / 2
    if np.isfinite(information).all() and np.linalg.eigvalsh(information).min() > 0:
        covariance[np.ix_(free, free)] = np.linalg.inv(information)
    return covariance
