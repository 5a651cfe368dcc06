"""Logistic regression whose coefficients may have one sign only, lightly penalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import Matrix

Vector = npt.NDArray[np.float64]

MOST_STEPS, MOST_SWEEPS = 40, 300


@dataclass(frozen=True)
class Penalty:
    """On the log-likelihood of the cases: `lasso` on coefficients, `ridge` on their squares.

    With `is_common` the squares are of the distance from the one coefficient that serves all columns best.
    """

    lasso: float
    ridge: float
    is_common: bool = False


SPARSE = Penalty(lasso=0.5, ridge=1.0)  # leaves out what tells next to nothing
ALIKE = Penalty(lasso=0.0, ridge=5.0, is_common=True)  # evidence counts alike unless the cases say otherwise


def fit_signed(
    weights: Matrix, y: npt.NDArray[np.bool_], penalty: Penalty = SPARSE, *, rows_per_case: float = 1.0
) -> tuple[float, Vector]:
    """Intercept and coefficients, each 0 or more, of log-odds = intercept - weights @ coefficients.

    A column that would get the wrong sign gets 0. Newton's steps, each a quadratic program solved coordinate by
    coordinate (Friedman, Hastie & Tibshirani 2010), halved where they would go too far. `y` holds both classes.
    """
    middle = 0.0
    if penalty.is_common:
        middle = float(fit_signed(weights.sum(axis=1, keepdims=True), y, rows_per_case=rows_per_case)[1][0])
    columns = np.column_stack([np.ones(len(y)), -weights])
    lasso, ridge, center = (
        np.append(0.0, np.full(weights.shape[1], size))
        for size in (penalty.lasso * rows_per_case, penalty.ridge * rows_per_case, middle)
    )
    rate = float(y.mean())
    at = np.zeros(columns.shape[1])
    at[0] = np.log(rate / (1 - rate))
    log_odds = columns @ at
    loss = _loss(log_odds, y, at, lasso, ridge, center)
    for _ in range(MOST_STEPS):
        mean = 0.5 * (1 + np.tanh(0.5 * log_odds))
        curvature = (columns * np.maximum(mean * (1 - mean), 1e-6)[:, None]).T @ columns
        aim = _solved(curvature, columns.T @ (y - mean) + curvature @ at + ridge * center, at, lasso, ridge)
        before, step = loss, 1.0
        toward = columns @ (aim - at)
        while True:
            loss = _loss(log_odds + step * toward, y, at + step * (aim - at), lasso, ridge, center)
            if loss <= before + 1e-9 or step < 1e-6:
                break
            step /= 2
        at, log_odds = at + step * (aim - at), log_odds + step * toward
        if before - loss <= 1e-9 * before:
            break
    return float(at[0]), np.where(at[1:] > 1e-9, at[1:], 0.0)


def log_loss_of(log_odds: Vector, y: npt.NDArray[np.bool_]) -> Vector:
    """Of each row."""
    return np.logaddexp(0.0, np.where(y, -log_odds, log_odds))


def _loss(
    log_odds: Vector, y: npt.NDArray[np.bool_], at: Vector, lasso: Vector, ridge: Vector, center: Vector
) -> float:
    penalties = (lasso * at)[1:].sum() + (ridge * (at - center) ** 2).sum() / 2
    return float(log_loss_of(log_odds, y).sum() + penalties)


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
