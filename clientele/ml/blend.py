"""The mean of boosting's and the logistic regression's log-odds: still a sum over features.

The two err in different places, the steps of the trees where rows are few, the straight lines where the truth bends;
their mean errs less than either in most periods (forecast combination: Bates & Granger 1969).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.boosting import AdditiveBoosting
from clientele.ml.feature_table import Feature, Matrix
from clientele.ml.logistic import AdditiveLogistic


@dataclass
class AdditiveBlend:
    """Both models, over the same features."""

    features: list[Feature]
    intercept: float
    boosting: AdditiveBoosting
    logistic: AdditiveLogistic

    @classmethod
    def fit(cls, x: Matrix, y: npt.NDArray[np.bool_], features: list[Feature]) -> AdditiveBlend:
        """Fit both on rows of `x` (NaN for missing) and their outcomes `y`.

        Raises ValueError where `y` holds one class only.
        """
        return cls.of(AdditiveBoosting.fit(x, y, features), AdditiveLogistic.fit(x, y, features))

    @classmethod
    def of(cls, boosting: AdditiveBoosting, logistic: AdditiveLogistic) -> AdditiveBlend:
        """The mean of two fitted models."""
        return cls(boosting.features, (boosting.intercept + logistic.intercept) / 2, boosting, logistic)

    def contributions(self, x: Matrix) -> npt.NDArray[np.float64]:
        """What each feature adds to the log-odds of each row, against the mean of the training rows."""
        out = self.boosting.contributions(x)
        out += self.logistic.contributions(x)
        out /= 2
        return out

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": "additive_blend",
            "boosting": self.boosting.to_state(),
            "logistic": self.logistic.to_state(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> AdditiveBlend:
        """The model that `to_state` gave."""
        return cls.of(AdditiveBoosting.from_state(state["boosting"]), AdditiveLogistic.from_state(state["logistic"]))
