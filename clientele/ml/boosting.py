"""Gradient boosting without interactions: a sum of one step function per feature.

Trees that each split on one feature only add up to an additive model, so that a score is a lookup per feature, and what
a feature adds for a customer is exact: it is the Shapley value itself (Lundberg & Lee 2017, section 4: for an additive
model the value of a feature is its own term less the term's mean), where the tree explainer takes minutes for a
million rows. The idea is that of generalised additive models fitted by boosting (Lou, Caruana & Gehrke 2012).

scikit-learn fits the trees; they are then read out once, at every bin of every feature, and not needed any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import MOST_CATEGORIES, Feature, Matrix
from clientele.ml.threads import single_threaded

MOST_BINS = 128  # of a number; its quantiles where it has more values


@dataclass(frozen=True)
class BoostingOptions:
    """What is settled before fitting: small steps of few leaves, as time punishes a model that follows its sample."""

    learning_rate: float = 0.08
    iterations: int = 200
    leaves: int = 3
    fewest_rows_in_leaf: int = 40
    l2: float = 1.0
    seed: int = 42


@dataclass
class AdditiveBoosting:
    """A fitted sum of step functions, in log-odds.

    `steps[j]` are the bounds between the bins of feature j (ascending; none for a category), `effects[j]` what each bin
    adds, centred on the training rows, the last for missing.
    """

    features: list[Feature]
    steps: list[npt.NDArray[np.float64]]
    effects: list[npt.NDArray[np.float64]]
    intercept: float

    @classmethod
    @single_threaded
    def fit(
        cls, x: Matrix, y: npt.NDArray[np.bool_], features: list[Feature], options: BoostingOptions | None = None
    ) -> AdditiveBoosting:
        """Fit on rows of `x` (NaN for missing) and their outcomes `y`.

        Raises ValueError where `y` holds one class only.
        """
        if y.all() or not y.any():
            raise ValueError("the outcomes are of one class only")
        steps = [_bounds(x[:, j], feature) for j, feature in enumerate(features)]
        codes = _codes(x, steps, features)
        trees = fit_trees(np.where(np.isnan(x), np.nan, codes), y, features, options or BoostingOptions())
        intercept, effects = _read_out(trees, [_n_bins(s, f) for s, f in zip(steps, features, strict=True)])
        for j in range(len(features)):
            mean = effects[j][codes[:, j]].mean()
            effects[j] -= mean
            intercept += mean
        return cls(features, steps, effects, float(intercept))

    def binned(self, x: Matrix) -> Matrix:
        """The bin of every value, as the trees were given it; NaN stays."""
        return np.where(np.isnan(x), np.nan, _codes(x, self.steps, self.features))

    def contributions(self, x: Matrix) -> npt.NDArray[np.float64]:
        """What each feature adds to the log-odds of each row, against the mean of the training rows."""
        out = np.empty(x.shape, dtype=np.float64, order="F")
        for j, feature in enumerate(self.features):
            out[:, j] = self.effects[j][_code(x[:, j], self.steps[j], feature)]
        return out

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": "additive_boosting",
            "features": [feature.to_state() for feature in self.features],
            "steps": self.steps,
            "effects": self.effects,
            "intercept": self.intercept,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> AdditiveBoosting:
        """The model that `to_state` gave."""
        features = [Feature.from_state(feature) for feature in state["features"]]
        return cls(features, list(state["steps"]), list(state["effects"]), float(state["intercept"]))


def fit_trees(codes: Matrix, y: npt.NDArray[np.bool_], features: list[Feature], options: BoostingOptions) -> Any:
    """scikit-learn's boosting on the bins of every feature (NaN for missing), each tree on one feature only."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=options.learning_rate,
        max_iter=options.iterations,
        max_bins=max(MOST_BINS, MOST_CATEGORIES + 1),  # what it is given has no more; its histograms are half as wide
        max_leaf_nodes=options.leaves,
        min_samples_leaf=min(options.fewest_rows_in_leaf, max(5, len(y) // 50)),
        l2_regularization=options.l2,
        interaction_cst="no_interactions",
        categorical_features=[feature.is_category for feature in features],
        early_stopping=False,
        random_state=options.seed,
    ).fit(codes, y)


def _bounds(values: npt.NDArray[np.float64], feature: Feature) -> npt.NDArray[np.float64]:
    """Midpoints between neighbouring values, or quantiles where the values are many."""
    if feature.is_category:
        return np.empty(0)
    distinct = np.unique(values[~np.isnan(values)])
    if distinct.size > MOST_BINS:
        quantiles = np.nanquantile(values, np.linspace(0, 1, MOST_BINS + 1)[1:-1], method="midpoint")
        return np.unique(quantiles)
    return (distinct[1:] + distinct[:-1]) / 2


def _n_bins(steps: npt.NDArray[np.float64], feature: Feature) -> int:
    """Without the one for missing."""
    return len(feature.categories) + 1 if feature.is_category else len(steps) + 1


def _code(values: npt.NDArray[np.float64], steps: npt.NDArray[np.float64], feature: Feature) -> npt.NDArray[np.intp]:
    missing = np.isnan(values)
    if feature.is_category:
        codes = np.where(missing, 0, values).astype(np.intp)
    else:
        codes = np.searchsorted(steps, values, side="right")
    codes[missing] = _n_bins(steps, feature)
    return codes


def _codes(x: Matrix, steps: list[npt.NDArray[np.float64]], features: list[Feature]) -> npt.NDArray[np.intp]:
    out = np.empty(x.shape, dtype=np.intp, order="F")
    for j, feature in enumerate(features):
        out[:, j] = _code(x[:, j], steps[j], feature)
    return out


def _read_out(trees: Any, n_bins: list[int]) -> tuple[float, list[npt.NDArray[np.float64]]]:
    """The term of every feature at every bin, from the model's own answers to rows that differ in one bin."""
    # In one call: scikit-learn takes longer to check a matrix than to go down the trees with it.
    ends = np.cumsum([1, *(n + 1 for n in n_bins)])
    rows = np.zeros((ends[-1], len(n_bins)))
    for j, n in enumerate(n_bins):
        rows[ends[j] : ends[j + 1], j] = [*range(n), np.nan]
    answers = trees.decision_function(rows)
    return float(answers[0]), [part - answers[0] for part in np.split(answers, ends[:-1])[1:]]
