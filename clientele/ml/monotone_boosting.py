"""Gradient boosting in which risk may only rise or only fall with a number: what a scorecard is measured against.

The direction of each number is that of its monotone bins; a category counts by the weight of evidence of its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.binning import Characteristic, Coarse, Labels, fine_bins
from clientele.ml.feature_table import Feature, Matrix, matrix
from clientele.ml.steps import Options
from clientele.ml.threads import single_threaded

Vector = npt.NDArray[np.float64]

ITERATIONS, LEARNING_RATE, LEAVES, FEWEST_ROWS = 200, 0.05, 8, 20


@dataclass
class MonotoneBoosting:
    """The trees, and what turns the categories of `features` into numbers (by the name of the feature)."""

    features: list[Feature]
    weights: dict[str, Characteristic]
    trees: Any

    @classmethod
    @single_threaded
    def fit(
        cls, x: Matrix, y: Labels, features: Sequence[Feature], options: Options | None = None, *, seed: int = 42
    ) -> MonotoneBoosting:
        """Fit on rows of `x` (NaN for missing) and their outcomes. Raises ValueError where `y` is of one class."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        if y.all() or not y.any():
            raise ValueError("the outcomes are of one class only")
        options = options or Options()
        named = [Coarse.fit(fine, y, options).named(fine) for fine in fine_bins(x, features, options)]
        weights = {one.name: one for one in named if one.groups}
        # Read with the categories in the order of their groups, as the characteristic has them.
        own = [one.feature for one in named]
        model = cls(own, weights, None)
        model.trees = HistGradientBoostingClassifier(
            learning_rate=LEARNING_RATE,
            max_iter=ITERATIONS,
            max_leaf_nodes=LEAVES,
            min_samples_leaf=max(FEWEST_ROWS, int(FEWEST_ROWS * options.rows_per_case)),
            l2_regularization=1.0,
            monotonic_cst=[_direction(one) for one in named],
            early_stopping=False,
            random_state=seed,
        ).fit(model._numbers(_reordered(x, features, own)), y)
        return model

    def log_odds(self, table: pa.Table | pa.RecordBatch) -> Vector:
        """Of a default, for the rows of a table."""
        out: Vector = self.trees.decision_function(self._numbers(matrix(table, self.features)))
        return out

    def importance(self, table: pa.Table, y: Labels, *, seed: int) -> dict[str, float]:
        """By how much the log loss of some rows grows where a characteristic is shuffled."""
        from sklearn.metrics import log_loss

        rng, numbers = np.random.default_rng(seed), self._numbers(matrix(table, self.features))
        found, plain = dict[str, float](), log_loss(y, self.trees.predict_proba(numbers)[:, 1], labels=[False, True])
        for j, feature in enumerate(self.features):
            shuffled = numbers.copy()
            shuffled[:, j] = rng.permutation(shuffled[:, j])
            found[feature.name] = (
                float(log_loss(y, self.trees.predict_proba(shuffled)[:, 1], labels=[False, True])) - plain
            )
        return found

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": "monotone_boosting",
            "features": [feature.to_state() for feature in self.features],
            "weights": {name: one.woe for name, one in self.weights.items()},
            "trees": self.trees,
        }

    def _numbers(self, x: Matrix) -> Matrix:
        out = np.array(x, order="F")
        for j, feature in enumerate(self.features):
            if (one := self.weights.get(feature.name)) is not None:
                out[:, j] = np.where(np.isnan(x[:, j]), np.nan, one.woe[one.place(x[:, j])])
        return out


def _direction(one: Characteristic) -> int:
    """1 where risk may only rise with the number that the trees see, -1 where it may only fall, 0 where neither."""
    if one.groups:
        return -1  # the number is the weight of evidence: more is safer
    return int(np.sign(one.woe[0] - one.woe[one.size - 1]))


def _reordered(x: Matrix, features: Sequence[Feature], own: Sequence[Feature]) -> Matrix:
    """Codes of categories as places in `own` instead of `features`."""
    out = np.array(x, order="F")
    for j, (before, after) in enumerate(zip(features, own, strict=True)):
        if before.is_category:
            places = np.array([after.categories.index(c) for c in before.categories] + [len(after.categories)], float)
            known = ~np.isnan(x[:, j])
            out[known, j] = places[x[known, j].astype(np.intp)]
    return out
