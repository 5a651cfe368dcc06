"""A fitted customer lifetime value: a model of net spend per horizon with its bounds, and what a unit of it is worth.

Value is net spend (orders less refunds) x the gross margin share, discounted. The flow is taken to be even within the
horizon, so that its present value is its sum times `present_share`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.bg_nbd import BgNbd
from clientele.ml.pareto_nbd import ParetoNbd
from clientele.ml.purchase_value import Customers, PurchaseValue, purchases_from_state
from clientele.ml.threads import single_threaded
from clientele.ml.two_part import ValueModel
from clientele.ml.value_blend import model_from_state
from clientele.ml.value_intervals import IntervalsBySureness, assumed_bounds

Vector = npt.NDArray[np.float64]

HAS_ORDERS, MEAN_OF_SUCH, NOTHING_KNOWN = "orders", "no orders yet: mean of such customers", "no orders yet: 0"


def present_share(horizon: float, annual_discount_rate: float) -> float:
    """Present value of an even flow of 1 over `horizon` days. 365 days at 10 % give 0.954."""
    growth = np.log1p(annual_discount_rate) * horizon / 365
    return float(-np.expm1(-growth) / growth) if growth > 0 else 1.0


def worth(horizon: float, gross_margin_share: float, annual_discount_rate: float) -> float:
    """Value of a unit of net spend within `horizon` days."""
    return gross_margin_share * present_share(horizon, annual_discount_rate)


@dataclass(frozen=True)
class NoOrders:
    """Customers who have not ordered yet: share that spent within the horizon, mean and upper bound of spend."""

    share: float
    mean: float
    upper: float
    is_known: bool

    @classmethod
    def fit(cls, realised: Vector, level: float) -> NoOrders:
        """From such customers of the calibration snapshot."""
        if not realised.size:
            return cls(0.0, 0.0, 0.0, False)
        mean = max(0.0, float(realised.mean()))
        return cls(float((realised > 0).mean()), mean, max(mean, float(np.quantile(realised, level))), True)

    def carried_on(self, times: float) -> NoOrders:
        """Within a window so many times as long, in which they begin to spend at the same rate."""
        return NoOrders(1 - (1 - self.share) ** times, self.mean * times, self.upper * times, self.is_known)

    def at_least(self, shorter: NoOrders) -> NoOrders:
        """No less than within a shorter window, which is part of this one."""
        return NoOrders(
            max(self.share, shorter.share), max(self.mean, shorter.mean), max(self.upper, shorter.upper), self.is_known
        )


@dataclass(frozen=True)
class Horizon:
    """A fitted model of one horizon. Without `intervals` no outcome was known, and bounds are assumed.

    `purchases` says how sure each customer is to buy at all, which bounds depend on.
    """

    days: int
    model: ValueModel
    intervals: IntervalsBySureness | None
    no_orders: NoOrders
    purchases: BgNbd | ParetoNbd

    @classmethod
    def fit(
        cls, days: int, model: ValueModel, purchases: BgNbd | ParetoNbd, customers: Customers, value: Vector,
        realised: Vector, *, level: float,
    ) -> Horizon:  # fmt: skip
        """Bounds from the expected and realised net spend of customers that the model has not learnt from."""
        has = customers.has_orders
        no_orders, value = NoOrders.fit(realised[~has], level), np.maximum(value, 0.0)
        nothing = purchases.probability_of_no_purchase(customers.histories[has], days)
        try:
            intervals = IntervalsBySureness.fit(value[has], nothing, realised[has], level=level)
        except ValueError:
            intervals = None
        return cls(days, model, intervals, no_orders, purchases)

    def carried_on(self, days: int) -> Horizon:
        """The same for another horizon, of which no outcome is known."""
        return Horizon(days, self.model, None, self.no_orders.carried_on(days / self.days), self.purchases)

    def score(self, customers: Customers, level: float) -> tuple[Vector, Vector, Vector]:
        """Net spend with its lower and upper bound."""
        value = np.maximum(self.model.value(customers, self.days), 0.0)
        if self.intervals is None:
            lower, upper = assumed_bounds(value, level=level)
        else:
            nothing = self.purchases.probability_of_no_purchase(customers.histories, self.days)
            lower, upper = self.intervals.bounds(value, nothing)
        has, none = customers.has_orders, self.no_orders
        return np.where(has, value, none.mean), np.where(has, lower, 0.0), np.where(has, upper, none.upper)

    def to_state(self) -> dict[str, Any]:
        """As plain data and scikit-learn estimators, for an artifact."""
        return {
            "days": self.days,
            "model": self.model.to_state(),
            "intervals": self.intervals.to_state() if self.intervals else None,
            "no_orders": dict(vars(self.no_orders)),
            "purchases": self.purchases.to_state(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Horizon:
        """The horizon that `to_state` gave."""
        intervals = IntervalsBySureness.from_state(state["intervals"]) if state["intervals"] else None
        model, purchases = model_from_state(state["model"]), purchases_from_state(state["purchases"])
        return cls(state["days"], model, intervals, NoOrders(**state["no_orders"]), purchases)


def nested(horizons: Sequence[Horizon]) -> list[Horizon]:
    """The same, ascending by days, where customers without orders do no less within a longer one.

    Each is learnt from the newest snapshot whose window has passed, so the longer from older customers. In a small
    company these may have begun to buy more rarely: 2 of 45 within their year, 4 of 56 within this autumn's 90 days.
    """
    made = list[Horizon]()
    for horizon in sorted(horizons, key=lambda one: one.days):
        made.append(replace(horizon, no_orders=horizon.no_orders.at_least(made[-1].no_orders)) if made else horizon)
    return made


@dataclass(frozen=True)
class Fitted:
    """What scores customers: a value model for each horizon, and the purchase model for what it alone can say."""

    algorithm: str
    horizons: list[Horizon]
    purchases: PurchaseValue
    gross_margin_share: float
    annual_discount_rate: float
    interval: float

    @single_threaded
    def score(self, batch: pa.RecordBatch | pa.Table) -> dict[str, npt.NDArray[Any]]:
        """Columns by name, in the order of the batch; none holds nan.

        For each horizon `clv_90d` with `_lower` and `_upper`, `expected_purchases_90d` and
        `no_purchase_probability_90d`; `p_alive`, `expected_spend` (on one order, before refunds) and `value_basis`.
        A customer without orders is taken like such customers of the past: p_alive is the share who then bought.
        """
        customers, out = Customers.of(batch), dict[str, npt.NDArray[Any]]()
        has, model = customers.has_orders, self.purchases
        shorter: Sequence[Vector] = [np.zeros(len(customers))] * 3
        for horizon in self.horizons:
            days, none = horizon.days, horizon.no_orders
            unit = worth(days, self.gross_margin_share, self.annual_discount_rate)
            # Each horizon is learnt by itself; what is spent within the shorter is spent within the longer.
            shorter = [
                np.maximum(v * unit, s) for v, s in zip(horizon.score(customers, self.interval), shorter, strict=True)
            ]
            out |= dict(zip((f"clv_{days}d", f"clv_{days}d_lower", f"clv_{days}d_upper"), shorter, strict=True))
            expected = model.purchases.expected_purchases(customers.histories, days)
            nothing = model.purchases.probability_of_no_purchase(customers.histories, days)
            out[f"expected_purchases_{days}d"] = np.where(has, expected, none.share)
            out[f"no_purchase_probability_{days}d"] = np.where(has, nothing, 1 - none.share)
        out["p_alive"] = np.where(has, model.purchases.p_alive(customers.histories), self.horizons[-1].no_orders.share)
        spend = np.maximum(model.spend.expected_spend(customers.n_orders, customers.mean_order), 0.0)
        out["expected_spend"] = np.where(has, spend, model.spend.mean_value)
        known = all(horizon.no_orders.is_known for horizon in self.horizons)
        out["value_basis"] = np.where(has, HAS_ORDERS, MEAN_OF_SUCH if known else NOTHING_KNOWN)
        return out

    def to_state(self) -> dict[str, Any]:
        """As plain data and scikit-learn estimators, for an artifact."""
        state = dict(vars(self))
        state["horizons"] = [horizon.to_state() for horizon in self.horizons]
        return state | {"purchases": self.purchases.to_state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Fitted:
        """The model that `to_state` gave."""
        # Nested again, as versions that serve may have been stored before that was asked.
        horizons = nested([Horizon.from_state(horizon) for horizon in state["horizons"]])
        return cls(**state | {"horizons": horizons, "purchases": PurchaseValue.from_state(state["purchases"])})
