"""What customers will spend, from how often they bought and for how much: purchase models times Gamma-Gamma.

Amounts are net spend, that is orders less refunds, undiscounted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.bg_nbd import BgNbd
from clientele.ml.feature_table import Feature, Matrix, as_numbers, matrix
from clientele.ml.gamma_gamma import GammaGamma
from clientele.ml.histories import Histories
from clientele.ml.pareto_nbd import ParetoNbd
from clientele.ml.truncated_nbd import TruncatedNbd

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MOST_HISTORIES = 20_000  # to fit on: more change the third digit
PRIOR_ORDERS = 5.0  # for which the company's refund share counts beside the customer's own
YEAR = 365.0
# What `Customers.of` reads beside the keys.
COLUMNS = (
    "n_orders_lifetime", "days_since_first_order", "recency_days", "aov_lifetime", "spend_lifetime",
    "refund_lifetime_share",
)  # fmt: skip


@dataclass(frozen=True)
class Customers:
    """What the value models read of a batch of customers, one entry per row; `table` is the batch itself.

    Without orders a row is a history of length 0; `has_orders` tells it apart.
    """

    table: pa.Table | pa.RecordBatch
    has_orders: npt.NDArray[np.bool_]
    n_orders: Vector
    histories: Histories
    mean_order: Vector  # nan where unknown
    spend: Vector  # of all orders
    refund_share: Vector  # of that; nan where unknown
    snapshot_dates: npt.NDArray[np.datetime64]

    @classmethod
    def of(cls, table: pa.Table | pa.RecordBatch) -> Customers:
        """From the columns of customer_features. Times are taken in whole days, so that histories repeat.

        Raises KeyError where one is missing.
        """
        n_orders = np.nan_to_num(_numbers(table, "n_orders_lifetime"))
        age = np.floor(_numbers(table, "days_since_first_order"))
        has_orders = (n_orders > 0) & (age >= 0)
        age = np.where(has_orders, age, 0.0)
        x = np.where(has_orders, n_orders - 1, 0.0)
        last = np.nan_to_num(age - np.floor(_numbers(table, "recency_days")))
        return cls(
            table=table,
            has_orders=has_orders,
            n_orders=np.where(has_orders, n_orders, 0.0),
            histories=Histories(x, np.where(x > 0, np.clip(last, 0, age), 0.0), age),
            mean_order=_numbers(table, "aov_lifetime"),
            spend=np.nan_to_num(_numbers(table, "spend_lifetime")),
            refund_share=_numbers(table, "refund_lifetime_share"),
            snapshot_dates=table.column("snapshot_date").to_numpy(zero_copy_only=False).astype("datetime64[D]"),
        )

    def __len__(self) -> int:
        return len(self.n_orders)

    def take(self, rows: Rows) -> Customers:
        """Some of the rows."""
        return Customers(
            self.table.take(pa.array(rows)), self.has_orders[rows], self.n_orders[rows], self.histories[rows],
            self.mean_order[rows], self.spend[rows], self.refund_share[rows], self.snapshot_dates[rows],
        )  # fmt: skip

    @property
    def first_day(self) -> str:
        """Of the first order of all: when the data begin."""
        days = self.snapshot_dates - self.histories.age.astype("timedelta64[D]")
        return str(days[self.has_orders].min(initial=self.snapshot_dates.max()))

    def days_since(self, day: str) -> Vector:
        """From a day until the snapshot of each row."""
        return (self.snapshot_dates - np.datetime64(day, "D")).astype(np.float64)

    def matrix(self, features: list[Feature]) -> Matrix:
        """The features as numbers."""
        return matrix(self.table, features)


def _numbers(table: pa.Table | pa.RecordBatch, name: str) -> Vector:
    if name not in table.schema.names:
        raise KeyError(f"the table has no column {name}, which customer values are made from")
    return as_numbers(table.column(name))


@dataclass(frozen=True)
class PurchaseValue:
    """Expected purchases x expected spend on one x what is not refunded x the level.

    `refund_share` is the company's; `level` is what customers spent for each unit expected, on the calibration rows.
    """

    purchases: BgNbd | ParetoNbd
    spend: GammaGamma
    refund_share: float
    level: float = 1.0

    @classmethod
    def fit(cls, customers: Customers, model: type[BgNbd] | type[ParetoNbd], *, seed: int) -> PurchaseValue:
        """Fit on customers of one snapshot; those without orders are left out."""
        known = drawn(customers, seed)
        refunded, spent = np.nansum(known.refund_share * known.spend), known.spend.sum()
        return cls(
            purchases=model.fit(known.histories),
            spend=GammaGamma.fit(known.n_orders, known.mean_order),
            refund_share=float(np.clip(refunded / spent, 0, 1)) if spent > 0 else 0.0,
        )

    def levelled(self, customers: Customers, horizon: float, realised: Vector) -> PurchaseValue:
        """With the level at which all of these customers together spent what they did."""
        return replace(self, level=_level(self, customers, horizon, realised))

    def value(self, customers: Customers, horizon: float) -> Vector:
        """Expected net spend of each customer within `horizon` days."""
        purchases = self.purchases.expected_purchases(customers.histories, horizon)
        return self.level * purchases * self.order_value(customers)

    def order_value(self, customers: Customers) -> Vector:
        """Expected net spend on one purchase."""
        spend = self.spend.expected_spend(customers.n_orders, customers.mean_order)
        return np.maximum(spend, 0) * (1 - self.refunds(customers))

    def refunds(self, customers: Customers) -> Vector:
        """Expected refund share: the customer's own, drawn to the company's the more the fewer the orders."""
        own = np.clip(np.where(np.isnan(customers.refund_share), self.refund_share, customers.refund_share), 0, 1)
        orders = customers.n_orders
        return (orders * own + PRIOR_ORDERS * self.refund_share) / (orders + PRIOR_ORDERS)

    @cached_property
    def kind(self) -> str:
        """The algorithm's name."""
        return "bg_nbd_gamma_gamma" if isinstance(self.purchases, BgNbd) else "pareto_nbd_gamma_gamma"

    @property
    def message(self) -> str:
        """How the fits went."""
        return f"purchases {self.purchases.message}; spend {self.spend.message}"

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": self.kind,
            "purchases": self.purchases.to_state(),
            "spend": self.spend.to_state(),
            "refund_share": self.refund_share,
            "level": self.level,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> PurchaseValue:
        """The model that `to_state` gave."""
        spend = GammaGamma.from_state(state["spend"])
        return cls(purchases_from_state(state["purchases"]), spend, state["refund_share"], state["level"])


def purchases_from_state(state: dict[str, Any]) -> BgNbd | ParetoNbd:
    """The purchase model by its kind."""
    return (BgNbd if state["kind"] == "bg_nbd" else ParetoNbd).from_state(state)


@dataclass(frozen=True)
class TruncatedValue:
    """The same of customers who may have bought before the data began, on `first_day`; `order` says what one is worth.

    A company is mostly older than its data. Who counts from the first purchase on record takes everyone for new: of
    two customers with one purchase, the one of the first week for slower than the one of last week.
    """

    purchases: TruncatedNbd
    order: PurchaseValue
    first_day: str
    level: float = 1.0
    kind = "truncated_nbd_gamma_gamma"

    @classmethod
    def fit(cls, customers: Customers, order: PurchaseValue, *, seed: int) -> TruncatedValue:
        """Fit on customers of one snapshot; those without orders are left out."""
        first_day, known = customers.first_day, drawn(customers, seed)
        since = float(known.days_since(first_day).max(initial=0.0))
        return cls(TruncatedNbd.fit(known.histories, since), order, first_day)

    def levelled(self, customers: Customers, horizon: float, realised: Vector) -> TruncatedValue:
        """With the level at which all of these customers together spent what they did."""
        return replace(self, level=_level(self, customers, horizon, realised))

    def value(self, customers: Customers, horizon: float) -> Vector:
        """Expected net spend of each customer within `horizon` days."""
        since = customers.days_since(self.first_day)
        purchases = self.purchases.expected_purchases(customers.histories, since, horizon)
        return self.level * purchases * self.order.order_value(customers)

    @property
    def message(self) -> str:
        """How the fit went."""
        return f"purchases {self.purchases.message}"

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        models = {"purchases": self.purchases.to_state(), "order": self.order.to_state()}
        return {"kind": self.kind, "first_day": self.first_day, "level": self.level, **models}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TruncatedValue:
        """The model that `to_state` gave."""
        purchases, order = TruncatedNbd.from_state(state["purchases"]), PurchaseValue.from_state(state["order"])
        return cls(purchases, order, state["first_day"], state["level"])


def drawn(customers: Customers, seed: int) -> Customers:
    """Those with orders that a purchase model is fitted on."""
    rows = np.flatnonzero(customers.has_orders)
    if rows.size > MOST_HISTORIES:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_HISTORIES, replace=False))
    return customers.take(rows)


def _level(model: PurchaseValue | TruncatedValue, customers: Customers, horizon: float, realised: Vector) -> float:
    expected = model.value(customers, horizon)[customers.has_orders].sum()
    total = max(float(realised[customers.has_orders].sum()), 0.0)
    level = model.level * total / expected if expected > 0 and total > 0 else model.level
    return float(np.clip(level, 0.1, 10))


@dataclass(frozen=True)
class RecentSpend:
    """Last year's spend again: the rule to beat.

    Who did not order in the last year spends nothing. What was spent before it is not known, so the spend of an older
    customer counts as even over time. A company younger than a year is extrapolated from its `first_day` on.
    """

    first_day: str

    @classmethod
    def fit(cls, customers: Customers) -> RecentSpend:
        """Only the day of the first order of all is learnt."""
        return cls(customers.first_day)

    def value(self, customers: Customers, horizon: float) -> Vector:
        """Expected net spend of each customer within `horizon` days."""
        window = np.clip(customers.days_since(self.first_day), 30.0, YEAR)
        age = customers.histories.age
        quiet = age - customers.histories.t_x >= YEAR
        net = np.maximum(customers.spend * (1 - np.clip(np.nan_to_num(customers.refund_share), 0, 1)), 0)
        recent = net * np.minimum(1.0, YEAR / np.maximum(age, 1.0))
        return np.where(quiet | ~customers.has_orders, 0.0, recent) * horizon / window

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"kind": "recent_spend", "first_day": self.first_day}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> RecentSpend:
        """The model that `to_state` gave."""
        return cls(state["first_day"])
