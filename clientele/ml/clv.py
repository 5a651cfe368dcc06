"""Customer lifetime value: what customers bring within 90 and 365 days, with bounds, measured out of time.

A model learns from the snapshots whose outcomes are known; its level, its mixture and its bounds come from the newest
of them, by models that did not know the customers, and it is measured a horizon later. See `value_model` for what
value is, `purchase_value`, `two_part` and `value_blend` for the models.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml import metrics, periods
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.feature_table import as_numbers, choose_features
from clientele.ml.groups import groupings_of
from clientele.ml.pareto_nbd import ParetoNbd
from clientele.ml.purchase_value import COLUMNS, Customers, RecentSpend
from clientele.ml.threads import single_threaded
from clientele.ml.two_part import ValueModel
from clientele.ml.value_fit import BLEND, BOOSTING, LAST_RESORT, Models, Outcomes, purchase_models
from clientele.ml.value_model import Fitted, Horizon, NoOrders, nested, worth

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

HORIZONS = (90, 365)
SHUFFLED = 500  # customers on whom a feature's importance is measured
SHUFFLED_AT_ONCE = 20  # features
PARTS = 10  # of equal size by predicted value, in which coverage is reported too
HEDGE = 0.01  # deviance left that the blend may have more where nobody was measured out of time


@dataclass
class Candidate:
    """One algorithm: how it did in past periods, and what is put to use if it is chosen; None says why in `message`."""

    algorithm: str
    fitted: Fitted | None = None
    performance: list[dict[str, Any]] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    importance: dict[str, float] = field(default_factory=dict)
    message: str = ""
    learnt: tuple[date, ...] = ()
    calibrated: tuple[date, ...] = ()
    n_rows: int = 0

    def mean(self, metric: str, horizon: int | None = None) -> float:
        """A metric over all customers, averaged over the periods; nan where nothing was measured."""
        return metrics.mean_of(self.performance, metric, horizon)

    @property
    def measured(self) -> set[tuple[int, str]]:
        """Horizons and periods in which it was measured."""
        return {(row["horizon"], row["period"]) for row in self.performance}

    def say(self, words: str) -> None:
        """Add to the message."""
        self.message = "; ".join(part for part in (self.message, words) if part)

    @property
    def is_out_of_time(self) -> bool:
        """Whether it was measured in a time that followed what it learnt from."""
        return any(row["protocol"] == periods.OUT_OF_TIME for row in self.performance)

    @property
    def loss(self) -> float:
        """Tweedie deviance left over against a common mean, averaged over periods within each horizon, then these."""
        horizons = sorted({row["horizon"] for row in self.performance})
        return float(np.mean([1 - self.mean("d2", horizon) for horizon in horizons])) if horizons else np.nan


def asked_of(candidate: Candidate, rule: Candidate) -> dict[str, tuple[bool, str]]:
    """What a candidate must do better than `rule`, last year's spend: whether it does, with the numbers."""
    is_less = candidate.measured == rule.measured and candidate.loss <= rule.loss
    gini, least = candidate.mean("gini"), rule.mean("gini")
    return {
        "explains_something": (candidate.loss < 1, f"deviance left {candidate.loss:.3f}, 1 by a common mean"),
        "better_than_last_years_spend": (
            is_less,
            f"deviance left {candidate.loss:.3f}, {rule.loss:.3f} by last year's spend",
        ),
        "orders_customers_no_worse": (not gini < least, f"Gini {gini:.3f}, {least:.3f} by last year's spend"),
    }


def choose(candidates: Sequence[Candidate], refused: Collection[str] = ()) -> Candidate | None:
    """The candidate to put to use: the smallest out-of-time `loss` of those that do what is asked of them.

    The loss is a proper score of expected values, which asks for order and level together. The absolute error would not
    do alone: it is least for predictions of the median, which is 0 for most customers. Other customers of the same time
    do not tell how a model ages; there the blend has the better of a near tie, as its parts do not age alike. Where
    nothing could be measured it is the likelier purchase model, which `fit` lists first. `refused` are algorithms that
    may not serve.
    """
    rule = next((one for one in candidates if one.algorithm == LAST_RESORT), None)
    able = [one for one in candidates if one.fitted and one.algorithm not in refused]
    if rule is None or not np.isfinite(rule.loss):
        return able[0] if able else None
    better = [one for one in able if one is rule or all(does for does, _ in asked_of(one, rule).values())]

    def loss(one: Candidate) -> float:
        return one.loss - HEDGE if one.algorithm == BLEND and not one.is_out_of_time else one.loss

    return min(better, key=loss, default=None)


@single_threaded
def importance(fitted: Fitted, table: pa.Table, features: Sequence[str], *, seed: int) -> dict[str, float]:
    """By how much values within the longest horizon change, as a share of their mean, when a feature is shuffled.

    `table` has customers of one snapshot, of whom at most SHUFFLED with orders are taken.
    """
    rng, rows = np.random.default_rng(seed), np.flatnonzero(Customers.of(table).has_orders)
    if not rows.size:
        return {}
    rows = np.sort(rng.choice(rows, min(rows.size, SHUFFLED), replace=False))
    table, horizon = table.take(pa.array(rows)), fitted.horizons[-1]
    before, changes = horizon.model.value(Customers.of(table), horizon.days), dict[str, float]()
    # Some at once: a call takes about as long for 500 customers as for 10,000.
    for names in (features[k : k + SHUFFLED_AT_ONCE] for k in range(0, len(features), SHUFFLED_AT_ONCE)):
        shuffled = pa.concat_tables(_shuffled(table, name, rng) for name in names)
        after = horizon.model.value(Customers.of(shuffled), horizon.days).reshape(len(names), len(rows))
        sizes = np.abs(after - before).mean(axis=1)
        changes |= {
            n: float(s / before.mean()) if before.mean() > 0 else 0.0 for n, s in zip(names, sizes, strict=True)
        }
    return changes


def _shuffled(table: pa.Table, name: str, rng: np.random.Generator) -> pa.Table:
    column = table[name].take(pa.array(rng.permutation(table.num_rows)))
    return table.set_column(table.schema.get_field_index(name), name, column)


@single_threaded
def fit(
    table: pa.Table,
    features: Iterable[str],
    *,
    seed: int,
    gross_margin_share: float = 1.0,
    annual_discount_rate: float = 0.0,
    interval: float = 0.9,
    horizons: Sequence[int] = HORIZONS,
) -> list[Candidate]:
    """Every algorithm, measured in past periods and fitted for use; the better purchase model comes first.

    That is the one with the smaller loss, or where nothing could be measured the likelier one. P(alive), purchases and
    spend on one are always its own, whichever algorithm values customers.

    `table` has one row per customer per snapshot: customer_id, snapshot_date, the columns of customer_features and, per
    horizon, spend_next_<days>d: net spend within the horizon, null where it has not passed. `features` are the columns
    that may be learnt from; those that hold nothing are left out. `interval` is the share of customers whose value is
    to lie within the bounds. Never fails for lack of data: see `message`. No rows give no candidates.
    """
    if not table.num_rows:
        return []
    data = Outcomes(
        customers=Customers.of(table),
        realised={days: as_numbers(table[f"spend_next_{days}d"]) for days in horizons},
        fold=periods.fold_of(table["customer_id"].to_pylist()),
        features=choose_features(table, features),
        level=interval,
        seed=seed,
    )
    first, second, _ = models = purchase_models(data, np.flatnonzero(data.dates == data.dates.max()))
    candidates = {name: Candidate(name) for name in (*(m.kind for m in models), BOOSTING, BLEND, LAST_RESORT)}
    for days in horizons:
        _measure(candidates, data, days, worth(days, gross_margin_share, annual_discount_rate))
    if candidates[second.kind].loss < candidates[first.kind].loss:
        first, second = second, first
    unmeasured: dict[str, ValueModel] = {
        **{model.kind: model for model in models},
        LAST_RESORT: RecentSpend.fit(data.customers),
    }
    newest = table.filter(pa.array(data.dates == data.dates.max()))
    for name, made in _shipped(candidates, data, horizons, unmeasured, first.purchases).items():
        fitted, read = Fitted(name, made, first, gross_margin_share, annual_discount_rate, interval), _read(name, data)
        candidates[name].fitted, candidates[name].features = fitted, read
        candidates[name].importance = importance(fitted, newest, read, seed=seed)
    for model in models:
        candidates[model.kind].say(model.message)
    return [candidates[name] for name in dict.fromkeys((first.kind, *candidates))]


def _read(algorithm: str, data: Outcomes) -> list[str]:
    """The columns that an algorithm reads: the purchase models' of all, the features of those with trees."""
    features = data.features if algorithm in (BOOSTING, BLEND) else []
    return list(dict.fromkeys([*COLUMNS, *(feature.name for feature in features)]))


def _measure(candidates: Mapping[str, Candidate], data: Outcomes, days: int, worth: float) -> None:
    """Add the performance in past periods."""
    for period in periods.backtests(data.snapshots(days), days):
        learn, calibrate, test = data.rows(period, days)
        if not min(map(len, (learn, calibrate, test))):
            continue
        models, customers = Models.fit(data, learn, calibrate, days), data.customers.take(test)
        for name in models.fitted:
            scored = models.horizon(name, data, calibrate, days).score(customers, data.level)
            amounts = (amount * worth for amount in (*scored, data.realised[days][test]))
            common = {"period": period.test[-1].isoformat(), "protocol": period.protocol, "horizon": days}
            candidates[name].performance += [common | row for row in _performance(customers, *amounts)]


def _performance(
    customers: Customers, value: Vector, lower: Vector, upper: Vector, realised: Vector
) -> Iterable[dict[str, Any]]:
    """Metrics of all, of each group of customers, and of tenths by predicted value."""
    groups = {"all": np.full(len(value), "all")} | groupings_of(customers.table)
    place = np.argsort(np.argsort(value, kind="stable"), kind="stable")
    groups["value_tenth"] = (place * PARTS // len(value) + 1).astype(str)
    for name, of in groups.items():
        for group in sorted(set(of.tolist())):
            rows = of == group
            yield {
                "group_name": name,
                "group_value": str(group),
                "bounds_coverage": metrics.interval_coverage(lower[rows], upper[rows], realised[rows]),
                **metrics.of_values(value[rows], realised[rows]),
            }


def _shipped(
    candidates: Mapping[str, Candidate],
    data: Outcomes,
    horizons: Sequence[int],
    unmeasured: Mapping[str, ValueModel],
    purchases: BgNbd | ParetoNbd,
) -> dict[str, list[Horizon]]:
    """What is put to use, by algorithm: a horizon whose outcomes are not known yet carries the longest known one on.

    An algorithm that cannot be fitted is left out. `unmeasured` are the models that do without any outcome,
    `purchases` is the likelier purchase model.
    """
    made = {days: _fitted(candidates, data, days) for days in horizons if data.snapshots(days)}
    shipped = dict[str, list[Horizon]]()
    for name, candidate in candidates.items():
        if any(name not in fitted for fitted in made.values()):
            continue
        if not made and name not in unmeasured:
            candidate.say("no window has passed yet to learn from")
            continue
        model = unmeasured.get(name, unmeasured[LAST_RESORT])
        nothing = Horizon(max(horizons), model, None, NoOrders.fit(np.empty(0), data.level), purchases)
        longest = made[max(made)][name] if made else nothing
        for days in set(horizons) - set(made):
            carried_on = f"{longest.days} days are carried on and " if made else ""
            passed = not np.isnan(data.realised[days]).all()
            why = "too little is known before the windows that passed" if passed else "no window has passed yet"
            candidate.say(f"{days} days: {why}, {carried_on}the bounds are assumed")
        shipped[name] = nested([made[d][name] if d in made else longest.carried_on(d) for d in horizons])
    return shipped


def _fitted(candidates: Mapping[str, Candidate], data: Outcomes, days: int) -> dict[str, Horizon]:
    """One horizon of the models to put to use."""
    period = periods.shipped(data.snapshots(days), days)
    learn, calibrate, _ = data.rows(period, days)
    models = Models.fit(data, learn, calibrate, days)
    for name, candidate in candidates.items():
        candidate.say(f"{days} days: {models.failed[name]}" if name in models.failed else "")
        # A shorter horizon learns from newer snapshots than a longer one.
        candidate.learnt = tuple(sorted({*candidate.learnt, *period.learn}))
        candidate.calibrated = tuple(sorted({*candidate.calibrated, *period.calibrate}))
        candidate.n_rows = max(candidate.n_rows, len(learn))
    made = {name: models.horizon(name, data, calibrate, days) for name in models.fitted}
    for name, horizon in made.items():
        candidates[name].say("" if horizon.intervals else f"{days} days: too few customers, the bounds are assumed")
    return made
