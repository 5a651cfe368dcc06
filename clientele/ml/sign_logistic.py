"""Logistic regression whose coefficients may have one sign only, lightly penalised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import Matrix

Vector = npt.NDArray[np.float64]

LASSO, RIDGE = 0.5, 1.0  # on the log-likelihood of the cases: enough to leave out what tells next to nothing
MOST_STEPS, MOST_SWEEPS = 40, 300


def fit_signed(weights: Matrix, y: npt.NDArray[np.bool_], *, rows_per_case: float = 1.0) -> tuple[float, Vector]:
    """Intercept and coefficients, each 0 or more, of log-odds = intercept - weights @ coefficients.

    A column that would get the wrong sign gets 0. Newton's steps, each a quadratic program solved coordinate by
    coordinate (Friedman, Hastie & Tibshirani 2010), halved where they would go too far. `y` holds both classes.
    """
    columns = np.column_stack([np.ones(len(y)), -weights])
    lasso, ridge = (np.append(0.0, np.full(weights.shape[1], size * rows_per_case)) for size in (LASSO, RIDGE))
    rate = float(y.mean())
    at = np.zeros(columns.shape[1])
    at[0] = np.log(rate / (1 - rate))
    log_odds = columns @ at
    loss = _loss(log_odds, y, at, lasso, ridge)
    for _ in range(MOST_STEPS):
        mean = 0.5 * (1 + np.tanh(0.5 * log_odds))
        curvature = (columns * np.maximum(mean * (1 - mean), 1e-6)[:, None]).T @ columns
        aim = _solved(curvature, columns.T @ (y - mean) + curvature @ at, at, lasso, ridge)
        before, step = loss, 1.0
        toward = columns @ (aim - at)
        while (loss := _loss(log_odds + step * toward, y, at + step * (aim - at), lasso, ridge)) > before + 1e-9:
            step /= 2
            if step < 1e-6:
                return float(at[0]), at[1:]
        at, log_odds = at + step * (aim - at), log_odds + step * toward
        if before - loss <= 1e-9 * before:
            break
    return float(at[0]), np.where(at[1:] > 1e-9, at[1:], 0.0)


def log_loss_of(log_odds: Vector, y: npt.NDArray[np.bool_]) -> Vector:
    """Of each row."""
    return np.logaddexp(0.0, np.where(y, -log_odds, log_odds))


def _loss(log_odds: Vector, y: npt.NDArray[np.bool_], at: Vector, lasso: Vector, ridge: Vector) -> float:
    return float(log_loss_of(log_odds, y).sum() + (lasso * at)[1:].sum() + (ridge * at * at).sum() / 2)


def _solved(curvature: Matrix, pull: Vector, at: Vector, lasso: Vector, ridge: Vector) -> Vector:
    """The least of the quadratic approximation: the intercept free, all others 0 or more."""
    found, steep = at.copy(), np.diag(curvature) + ridge
    for _ in range(MOST_SWEEPS):
        before = found.copy()
        for j in np.flatnonzero(steep > 1e-9):
            rest = pull[j] - curvature[j] @ found + curvature[j, j] * found[j] - lasso[j]
            found[j] = rest / steep[j] if j == 0 else max(0.0, rest / steep[j])
        if np.abs(found - before).max() < 1e-8:
            break
    return found
