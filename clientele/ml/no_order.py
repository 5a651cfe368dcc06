"""The CLV model as a churn model: the chance of no order within the horizon, from BG/NBD.

Not P(alive), which is 1 for a customer who bought once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.bg_nbd import BgNbd
from clientele.ml.calibration import logit
from clientele.ml.feature_table import Feature, Matrix
from clientele.ml.histories import Histories

PURCHASES = ("n_orders_lifetime", "recency_days", "days_since_first_order")


@dataclass
class NoOrder:
    """BG/NBD with its horizon; `typical` is the customer that reasons compare with (medians of PURCHASES)."""

    features: list[Feature]
    intercept: float
    bg_nbd: BgNbd
    typical: npt.NDArray[np.float64]
    horizon: int

    @classmethod
    def learner(cls, horizon: int) -> Any:
        """A `fit` for this horizon, in days."""

        def fit(x: Matrix, y: npt.NDArray[np.bool_], features: list[Feature]) -> NoOrder:  # noqa: ARG001
            return cls._fit(x, features, horizon)

        return fit

    @classmethod
    def _fit(cls, x: Matrix, features: list[Feature], horizon: int) -> NoOrder:
        names = [feature.name for feature in features]
        if not set(PURCHASES) <= set(names):
            raise ValueError(f"purchases are counted from {', '.join(PURCHASES)}, which hold nothing here")
        purchases = x[:, [names.index(name) for name in PURCHASES]]
        known = ~np.isnan(purchases).any(axis=1)
        model = cls(
            [Feature(name) for name in PURCHASES],
            0.0,
            BgNbd.fit(_histories(purchases[known])),
            np.median(purchases[known], axis=0),
            horizon,
        )
        model.intercept = float(model._log_odds(model.typical[None, :])[0])
        return model

    def contributions(self, x: Matrix) -> npt.NDArray[np.float64]:
        """Shapley values of the three statistics against the typical customer, exact: every order is tried."""
        typical = np.broadcast_to(self.typical, x.shape)
        value = {
            taken: self._log_odds(np.where(np.array(taken), x, typical))
            for taken in itertools.product((False, True), repeat=len(PURCHASES))
        }
        out = np.zeros(x.shape)
        for j in range(len(PURCHASES)):
            for taken, before in value.items():
                if not taken[j]:
                    after = value[*taken[:j], True, *taken[j + 1 :]]
                    others = sum(taken)  # weighed by |S|! (3 - |S| - 1)! / 3!
                    out[:, j] += (after - before) * (1 / 6 if others == 1 else 1 / 3)
        return out

    def _log_odds(self, purchases: Matrix) -> npt.NDArray[np.float64]:
        filled = np.where(np.isnan(purchases), self.typical, purchases)
        return logit(self.bg_nbd.probability_of_no_purchase(_histories(filled), self.horizon))

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": "clv_no_order",
            "intercept": self.intercept,
            "bg_nbd": self.bg_nbd.to_state(),
            "typical": self.typical,
            "horizon": self.horizon,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> NoOrder:
        """The model that `to_state` gave."""
        features = [Feature(name) for name in PURCHASES]
        return cls(features, state["intercept"], BgNbd.from_state(state["bg_nbd"]), state["typical"], state["horizon"])


def _histories(purchases: Matrix) -> Histories:
    orders, recency, age = purchases.T
    age = np.maximum(age, 0)
    return Histories(np.maximum(orders - 1, 0), np.clip(age - recency, 0, age), age)
