"""Several value models as one: a weighted geometric mean of what they expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import Matrix
from clientele.ml.purchase_value import Customers, PurchaseValue, RecentSpend, TruncatedValue
from clientele.ml.two_part import TwoPartBoosting, ValueModel

Vector = npt.NDArray[np.float64]

PRIOR_ROWS = 100.0  # customers that equal weights count for beside those that weights are learnt from
LEAST = 1e-3  # of the mean, added to each expectation, as little as the deviance counts: 0 has a logarithm, too


@dataclass(frozen=True)
class Blend:
    """exp(level + the sum of weight x log of what a model expects a day), in units of `mean_a_day`.

    A logarithmic pool (Genest & Zidek 1986). Amounts are skewed: where models disagree, a geometric mean is nearer to
    the smaller expectation. Weights that add up to less than 1 draw customers together, as the largest mostly had luck.
    """

    models: Sequence[ValueModel]
    weights: Sequence[float]
    level: float
    mean_a_day: float

    @classmethod
    def fit(cls, models: Sequence[ValueModel], values: Matrix, realised: Vector, horizon: float) -> Blend:
        """The weights, none below 0, of the least Tweedie deviance; the level gives all together what they spent.

        `values` (rows, models) are what the models expect of customers within `horizon` days, `realised` is what these
        spent; what a model has learnt from must not be among them.
        """
        from scipy.optimize import minimize

        y, equal = np.maximum(realised, 0.0), 1 / len(models)
        mean = float(y.mean()) if y.any() else 1.0
        x, y = np.log(np.maximum(values, 0.0) / mean + LEAST), y / mean
        middle = x.mean(axis=0) if len(x) else np.zeros(len(models))
        x = x - middle
        penalty = PRIOR_ROWS * float(np.square(x).mean()) if x.size else 1.0

        def loss(at: Vector) -> tuple[float, Vector]:
            """Half the deviance and the penalty of unequal weights, over all rows."""
            root = np.exp(np.clip(at[0] + x @ at[1:], -30, 30) / 2)
            slope, apart = root - y / root, at[1:] - equal
            value = 2 * (root + y / root).sum() + penalty / 2 * apart @ apart
            return value / max(len(y), 1), np.append(slope.sum(), slope @ x + penalty * apart) / max(len(y), 1)

        start = np.append(0.0, np.full(len(models), equal))
        bounds = [(None, None)] + [(0, None)] * len(models)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        total, expected = float(y.sum()), float(np.exp(np.clip(x @ found[1:], -30, 30)).sum())
        level = np.log(total / expected) if total > 0 else found[0]
        return cls(models, found[1:].tolist(), float(level - middle @ found[1:]), mean / horizon)

    def pool(self, values: Matrix, horizon: float) -> Vector:
        """What is expected within `horizon` days where the models expect `values` (rows, models)."""
        unit, logs = self.mean_a_day * horizon, np.full(len(values), self.level)
        for column, weight in enumerate(self.weights):  # not by BLAS, whose last digit depends on the number of rows
            logs += weight * np.log(np.maximum(values[:, column], 0.0) / unit + LEAST)
        return unit * np.exp(np.clip(logs, -30, 30))

    def value(self, customers: Customers, horizon: float) -> Vector:
        """Expected net spend of each customer within `horizon` days."""
        return self.pool(np.column_stack([model.value(customers, horizon) for model in self.models]), horizon)

    def to_state(self) -> dict[str, Any]:
        """As plain data and scikit-learn estimators, for an artifact."""
        rest = {name: getattr(self, name) for name in ("level", "mean_a_day")}
        return {"kind": "blend", "models": [m.to_state() for m in self.models], "weights": list(self.weights)} | rest

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Blend:
        """The model that `to_state` gave."""
        models = [model_from_state(model) for model in state["models"]]
        return cls(models, state["weights"], state["level"], state["mean_a_day"])


def model_from_state(state: dict[str, Any]) -> ValueModel:
    """Any of the models by its kind."""
    kinds: dict[str, Any] = {
        "bg_nbd_gamma_gamma": PurchaseValue,
        "pareto_nbd_gamma_gamma": PurchaseValue,
        "truncated_nbd_gamma_gamma": TruncatedValue,
        "two_part_boosting": TwoPartBoosting,
        "blend": Blend,
        "recent_spend": RecentSpend,
    }
    return kinds[state["kind"]].from_state(state)
