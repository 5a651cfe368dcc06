"""How much a customer will spend, in two parts: whether at all, and how much then.

Two-part models (Cragg 1971; Duan et al. 1983) suit amounts that are mostly 0. Both parts are gradient boosted trees
with interactions. The second learns the ratio to what the purchase model expects of a customer who buys: the gamma
deviance of a ratio is that of the amount, and trees alone could not tell a customer who spends more than any before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clientele.ml.calibration import logit
from clientele.ml.feature_table import Feature, Matrix
from clientele.ml.purchase_value import Customers, PurchaseValue, RecentSpend

Vector = npt.NDArray[np.float64]

MOST_ROWS = 20_000  # to learn from
FEWEST_OF_EACH = 50  # rows with and without spend
ROWS_IN_LEAF = 60
OPTIONS = {
    "max_iter": 80,
    "learning_rate": 0.09,
    "max_leaf_nodes": 10,
    "l2_regularization": 5.0,
    "max_features": 0.3,  # of all at each split: large amounts are few and far between, so trees had better differ
    "early_stopping": False,
}
WHOLE_YEAR = 12  # months, of which each must have been seen for the season to be learnt


class ValueModel(Protocol):
    """Expected net spend of customers."""

    def value(self, customers: Customers, horizon: float) -> Vector:
        """Within `horizon` days; what it says of customers without orders does not count."""
        ...

    def to_state(self) -> dict[str, Any]:
        """As plain data."""
        ...


@dataclass(frozen=True)
class TwoPartBoosting:
    """P(spends at all within `horizon` days) x spend of one who does; both scikit-learn estimators.

    `base` and `recent` are inputs of theirs beside the features. Categories are split by how frequent they are, as
    their codes are in that order.
    """

    features: list[Feature]
    base: PurchaseValue
    recent: RecentSpend
    horizon: float
    has_season: bool
    whether: Any = None
    how_much: Any = None

    @classmethod
    def fit(
        cls, customers: Customers, realised: Vector, features: list[Feature], *, base: PurchaseValue,
        recent: RecentSpend, horizon: float, seed: int, most_rows: int = MOST_ROWS,
    ) -> TwoPartBoosting:  # fmt: skip
        """Learn from customers with orders and their net spend, from `most_rows` of them drawn with the seed.

        Raises ValueError where too few have spent, or have not.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        rows = np.flatnonzero(customers.has_orders)
        spends = int((realised[rows] > 0).sum())
        if min(spends, rows.size - spends) < FEWEST_OF_EACH:
            raise ValueError(f"{spends} of {rows.size} rows have spend, {FEWEST_OF_EACH} of each are needed")
        if rows.size > most_rows:
            rows = np.sort(np.random.default_rng(seed).choice(rows, most_rows, replace=False))
        known, paid = customers.take(rows), realised[rows] > 0
        months = np.unique(known.snapshot_dates.astype("datetime64[M]").astype(int) % 12)
        model = cls(features, base, recent, horizon, len(months) == WHOLE_YEAR)
        x, expected = model._inputs(known)
        options = OPTIONS | {"min_samples_leaf": min(ROWS_IN_LEAF, max(5, rows.size // 50)), "random_state": seed}
        whether = HistGradientBoostingClassifier(**options).fit(x, paid)
        how_much = HistGradientBoostingRegressor(loss="gamma", **options)
        how_much.fit(x[paid], (realised[rows] / expected)[paid])
        return replace(model, whether=whether, how_much=how_much)

    def value(self, customers: Customers, horizon: float) -> Vector:
        """Expected net spend; for another horizon than its own extended as the purchase model says."""
        if not len(customers):  # scikit-learn predicts no empty batch
            return np.empty(0)
        x, expected = self._inputs(customers)
        value = self.whether.predict_proba(x)[:, 1] * self.how_much.predict(x) * expected
        if horizon == self.horizon:
            return value
        own, other = (self.base.value(customers, days) for days in (self.horizon, horizon))
        return value * other / np.maximum(own, np.finfo(float).tiny)

    def _inputs(self, customers: Customers) -> tuple[Matrix, Vector]:
        """The features with what the purchase model and last year say, and the spend expected of one who buys."""
        history, purchases = customers.histories, self.base.purchases
        value = self.base.value(customers, self.horizon)
        nothing = purchases.probability_of_no_purchase(history, self.horizon)
        smallest = 1e-3 * self.base.spend.mean_value + 1e-9
        expected = np.maximum(value / np.maximum(1 - nothing, 1e-9), smallest)
        recent = self.recent.value(customers, self.horizon)
        # A share is the same in every currency.
        columns = [value, logit(nothing), purchases.p_alive(history), expected, recent / (recent + expected)]
        if self.has_season:
            year = customers.snapshot_dates.astype("datetime64[Y]")
            turn = 2 * np.pi * (customers.snapshot_dates - year).astype(float) / 365.25
            columns += [np.sin(turn), np.cos(turn)]
        return np.column_stack([customers.matrix(self.features), *columns]), expected

    def to_state(self) -> dict[str, Any]:
        """As plain data and scikit-learn estimators, for an artifact."""
        return {
            "kind": "two_part_boosting",
            "features": [feature.to_state() for feature in self.features],
            "base": self.base.to_state(),
            "recent": self.recent.to_state(),
            **{name: getattr(self, name) for name in ("horizon", "has_season", "whether", "how_much")},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TwoPartBoosting:
        """The model that `to_state` gave."""
        features = [Feature.from_state(feature) for feature in state["features"]]
        base, recent = PurchaseValue.from_state(state["base"]), RecentSpend.from_state(state["recent"])
        rest = (state[name] for name in ("horizon", "has_season", "whether", "how_much"))
        return cls(features, base, recent, *rest)
