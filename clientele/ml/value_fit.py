"""The value models of one period: fitted together, as they build on each other, and bounded by unseen customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from clientele.ml import periods
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.feature_table import Feature
from clientele.ml.pareto_nbd import ParetoNbd
from clientele.ml.purchase_value import Customers, PurchaseValue, RecentSpend, TruncatedValue
from clientele.ml.two_part import MOST_ROWS, WHOLE_YEAR, TwoPartBoosting, ValueModel
from clientele.ml.value_blend import Blend
from clientele.ml.value_model import Horizon

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

BOOSTING, BLEND, LAST_RESORT = "two_part_boosting", "blend", "recent_spend"
HISTORY = 0.5  # days known before a snapshot for each day of the horizon: what fewer teach, does not hold later on


@dataclass(frozen=True)
class Outcomes:
    """All that is learnt from: customers at their snapshots, and per horizon what they spent next (nan: not known)."""

    customers: Customers
    realised: Mapping[int, Vector]
    fold: npt.NDArray[np.int64]
    features: list[Feature]
    level: float
    seed: int

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """The snapshot of each row."""
        return self.customers.snapshot_dates

    def snapshots(self, horizon: int) -> list[date]:
        """Those whose outcomes are known, and before which enough is known; without any such, of the shortest all."""
        known = np.unique(self.dates[~np.isnan(self.realised[horizon])])
        enough = known[known >= self.first_day + int(HISTORY * horizon)]
        return (enough if enough.size or horizon > min(self.realised) else known).tolist()

    @cached_property
    def first_day(self) -> np.datetime64:
        """Of the first order of all."""
        return np.datetime64(self.customers.first_day)

    def rows(self, period: periods.Period, horizon: int) -> list[Rows]:
        """To learn from, to calibrate on and to measure on."""
        known = ~np.isnan(self.realised[horizon])
        return [np.flatnonzero(mask & known) for mask in periods.masks(period, self.dates, self.fold)]


@dataclass(frozen=True)
class Models:
    """Every algorithm fitted, with what it expects of the calibration rows where it did not know their customers.

    `purchases` is the likelier purchase model.
    """

    purchases: PurchaseValue
    fitted: dict[str, ValueModel]
    values: dict[str, Vector]
    failed: dict[str, str]

    @classmethod
    def fit(cls, data: Outcomes, learn: Rows, calibrate: Rows, days: int) -> Models:
        """Learn from rows and calibrate on others or the newest of them; the boosted one may fail for lack of rows."""
        customers, realised = data.customers, data.realised[days]
        weighed = _of_all_seasons(data, learn, calibrate)
        known, outcome = customers.take(weighed), realised[weighed]
        purchases, recent = purchase_models(data, calibrate), RecentSpend.fit(customers.take(calibrate))
        models: dict[str, ValueModel] = {m.kind: m.levelled(known, days, outcome) for m in purchases}
        models[LAST_RESORT], base = recent, purchases[0]
        values = {name: model.value(known, days) for name, model in models.items()}

        def two_part(rows: Rows, most_rows: int) -> TwoPartBoosting:
            return TwoPartBoosting.fit(
                customers.take(rows), realised[rows], data.features, base=base, recent=recent, horizon=days,
                seed=data.seed, most_rows=most_rows,
            )  # fmt: skip

        failed = dict[str, str]()
        try:
            models[BOOSTING] = two_part(learn, MOST_ROWS)
            values[BOOSTING] = _unseen(data, two_part, learn, weighed, days)
            parts = (BOOSTING, base.kind, TruncatedValue.kind, LAST_RESORT)
            columns, has = np.column_stack([values[name] for name in parts]), known.has_orders
            models[BLEND] = blend = Blend.fit([models[name] for name in parts], columns[has], outcome[has], days)
            values[BLEND] = blend.pool(columns, days)
        except ValueError as error:
            models.pop(BOOSTING, None)
            failed = dict.fromkeys((BOOSTING, BLEND), str(error))
        newest = np.isin(weighed, calibrate)
        return cls(base, models, {name: value[newest] for name, value in values.items()}, failed)

    def horizon(self, name: str, data: Outcomes, calibrate: Rows, days: int) -> Horizon:
        """An algorithm with its bounds."""
        customers, realised = data.customers.take(calibrate), data.realised[days][calibrate]
        purchases, value = self.purchases.purchases, self.values[name]
        return Horizon.fit(days, self.fitted[name], purchases, customers, value, realised, level=data.level)


def _of_all_seasons(data: Outcomes, learn: Rows, calibrate: Rows) -> Rows:
    """The last twelve months of what is learnt from, the calibration rows among them; these alone where one is missing.

    Levels and weights of one season would be wrong in the next, for which only the trees know the season.
    """
    year = (
        learn[data.dates[learn] > data.dates[calibrate].max() - np.timedelta64(365, "D")] if len(calibrate) else learn
    )
    months = np.unique(data.dates[year].astype("datetime64[M]").astype(int) % 12)
    return year if len(months) == WHOLE_YEAR and np.isin(calibrate, year).all() else calibrate


def _unseen(data: Outcomes, fit: Callable[[Rows, int], TwoPartBoosting], learn: Rows, rows: Rows, days: int) -> Vector:
    """Values of rows by models that learnt from the other half of the customers."""
    values = np.empty(len(rows))
    for half in (0, 1):
        others = rows[data.fold[rows] % 2 != half]
        if not len(others):
            continue
        model = fit(learn[data.fold[learn] % 2 == half], MOST_ROWS // 2)
        values[data.fold[rows] % 2 != half] = model.value(data.customers.take(others), days)
    return values


def purchase_models(data: Outcomes, rows: Rows) -> tuple[PurchaseValue, PurchaseValue, TruncatedValue]:
    """On the histories of one snapshot: those with dropout, the likelier first, as they have as many parameters.

    The likelihood of the third, without dropout, is of other events.
    """
    customers = data.customers.take(rows)
    first, second = (PurchaseValue.fit(customers, model, seed=data.seed) for model in (BgNbd, ParetoNbd))
    if second.purchases.log_likelihood > first.purchases.log_likelihood:
        first, second = second, first
    return first, second, TruncatedValue.fit(customers, first, seed=data.seed)
