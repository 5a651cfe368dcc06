"""Logistic regression over the same features: on a small company it beats the trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import Feature, Matrix

INVERSE_PENALTY = 0.05  # scikit-learn's C, on standardised columns


@dataclass
class AdditiveLogistic:
    """Coefficients on standardised columns.

    A number gives its logarithm (signed, log1p) and whether it is missing; a category one column per code and one for
    missing. `owner[c]` is the feature of column c, so that the columns of a feature are added up.
    """

    features: list[Feature]
    middle: npt.NDArray[np.float64]  # median of each number, taken where it is missing
    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    coefficients: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int64]
    intercept: float

    @classmethod
    def fit(cls, x: Matrix, y: npt.NDArray[np.bool_], features: list[Feature], seed: int = 42) -> AdditiveLogistic:
        """Fit on rows of `x` (NaN for missing) and their outcomes `y`.

        Raises ValueError where `y` holds one class only.
        """
        from sklearn.linear_model import LogisticRegression

        if y.all() or not y.any():
            raise ValueError("the outcomes are of one class only")
        middle = np.zeros(len(features))
        for j, feature in enumerate(features):
            known = x[~np.isnan(x[:, j]), j]
            if not feature.is_category and known.size:
                middle[j] = np.median(known)
        columns, owner = _columns(x, features, middle)
        mean, scale = columns.mean(axis=0), columns.std(axis=0)
        scale[scale < 1e-9] = np.inf
        z, of, copies = _distinct((columns - mean) / scale)
        # Equal columns share what they weigh together: one of them, times the root of their number, is as penalised.
        share = np.sqrt(copies)
        regression = LogisticRegression(C=INVERSE_PENALTY, solver="newton-cholesky", random_state=seed)
        regression.fit(z * share, y)
        coefficients = np.append(regression.coef_[0] / share, 0.0)[of]
        return cls(features, middle, mean, scale, coefficients, owner, float(regression.intercept_[0]))

    def contributions(self, x: Matrix) -> npt.NDArray[np.float64]:
        """What each feature adds to the log-odds of each row, against the mean of the training rows."""
        columns, owner = _columns(x, self.features, self.middle)
        weights = self.coefficients / self.scale
        out = np.zeros(x.shape, order="F")
        for column, feature in enumerate(owner):
            out[:, feature] += (columns[:, column] - self.mean[column]) * weights[column]
        return out

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": "additive_logistic",
            "features": [feature.to_state() for feature in self.features],
            **{name: getattr(self, name) for name in ("middle", "mean", "scale", "coefficients", "owner", "intercept")},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> AdditiveLogistic:
        """The model that `to_state` gave."""
        names = ("middle", "mean", "scale", "coefficients", "owner", "intercept")
        return cls([Feature.from_state(feature) for feature in state["features"]], *(state[name] for name in names))


def _distinct(z: Matrix) -> tuple[Matrix, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The columns of which none is zero or equals another, the place of each of `z` among them, and how many are alike.

    Zeros have the place -1. Of the columns of customer_features two in five are either: flags of what is never
    missing, and of what is missing together.
    """
    places, of = dict[bytes, int](), np.full(z.shape[1], -1)
    for column in np.flatnonzero(z.any(axis=0)):
        of[column] = places.setdefault(z[:, column].tobytes(), len(places))
    _, first, copies = np.unique(of[of >= 0], return_index=True, return_counts=True)
    return z[:, np.flatnonzero(of >= 0)[first]], of, copies


def _columns(
    x: Matrix, features: list[Feature], middle: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    columns, owner = [], []
    for j, feature in enumerate(features):
        values, missing = x[:, j], np.isnan(x[:, j])
        if feature.is_category:
            made = [values == code for code in range(len(feature.categories) + 1)]
        else:
            filled = np.where(missing, middle[j], values)
            made = [np.sign(filled) * np.log1p(np.abs(filled))]
        made.append(missing)
        columns += [column.astype(np.float64) for column in made]
        owner += [j] * len(made)
    return np.asfortranarray(np.stack(columns).T), np.array(owner)
