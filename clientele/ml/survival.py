"""Time from a snapshot to an event of the customer: the next purchase, or the end of a subscription.

By landmarking (van Houwelingen 2007): a row is a customer at a monthly snapshot, its duration runs from that snapshot
to the event, its covariates are what was known then. So a survival is already conditional on all that had happened, and
on nothing having happened since. Rows without the event are censored at the newest day, all at LIMIT_DAYS.

The model is the log-logistic one with accelerated time. It was chosen out of time among four, over two test days each
of the demo company (5,000 customers) and CDNOW and one of Online Retail, 180 days to come, on 40 columns. Censored
log-likelihood a row and integrated Brier score:

    test day           log-logistic     Weibull          log-normal       Cox
    demo 2025-07       -3.2105 .1497    -3.2126 .1505    -3.2213 .1504    .1501
    demo 2025-03       -3.1306 .1496    -3.1360 .1496    -3.1396 .1500    .1497
    Online Retail      -3.9434 .1843    -3.9690 .1870    -3.9480 .1832    .1841
    CDNOW 1998-01      -1.5021 .0910    -1.5060 .0911    -1.5050 .0913    .0911
    CDNOW 1997-07      -1.8252 .1127    -1.8271 .1128    -1.8302 .1130    .1122

Customers differ by more than their features tell, so fewer of those left buy as time goes on, faster than the Weibull's
power law has it. Cox is as good, but says nothing beyond the history it saw, where a young company asks for 180 days.

A survival has bounds: the delta method on the fitted parameters, widened at each horizon by what groups of customers of
past periods needed (see `calibration.spread_of`), said by models that were fitted as of then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import metrics, periods
from clientele.ml.calibration import Group, expit, groups_of, logit, spread_of
from clientele.ml.feature_table import Feature, Matrix, as_numbers, choose_features, matrix
from clientele.ml.groups import groupings_of
from clientele.ml.log_logistic import FIRST_DAYS, LogLogistic
from clientele.ml.threads import single_threaded

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HORIZONS = (30, 60, 90, 180)
ENDS = ("", "_lower", "_upper")  # of the names of a survival and its bounds
LIMIT_DAYS = 365
DAYS_BETWEEN_TESTS = 90
NORMAL_95 = 1.96  # standard errors either way
MOST_MINUTES = 10**8  # since 1970: until 2160


@dataclass(frozen=True)
class Event:
    """What ends the time, and the names of the columns that say so."""

    name: str
    survival: str
    mean: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `Survival.score`, in order."""
        return (*(f"{self.survival}_{days}d{end}" for days in HORIZONS for end in ENDS), self.mean)


NEXT_PURCHASE = Event("next_purchase", "p_no_purchase", "mean_days_to_purchase_365d")
SUBSCRIPTION_END = Event("subscription_end", "p_subscribed", "mean_days_to_end_365d")
EVENTS = {event.name: event for event in (NEXT_PURCHASE, SUBSCRIPTION_END)}


@dataclass
class Survival:
    """A fitted model of the time to an event; `spread` is by how many log-odds bounds are widened at each horizon."""

    event: Event
    model: LogLogistic
    spread: Vector = field(default_factory=lambda: np.zeros(len(HORIZONS)))

    @property
    def features(self) -> list[Feature]:
        """The columns that a batch needs to be scored."""
        return self.model.covariates.features

    def score(self, batch: pa.RecordBatch | pa.Table) -> dict[str, Vector]:
        """Arrays by the names of `event.columns`.

        Survival at HORIZONS (the probability that the event has not come by then), each with its bounds, and the
        restricted mean: the days to the event, a later one counted as LIMIT_DAYS. The median is not among them, as it
        can be infinite.
        """
        x = matrix(batch, self.features)
        bounded = self.curve(x)
        values = [columns[:, k] for k in range(len(HORIZONS)) for columns in bounded]
        values.append(self.model.restricted_mean(self.model.log_days(x), LIMIT_DAYS))
        return dict(zip(self.event.columns, values, strict=True))

    def curve(self, x: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Survival and its bounds, each (rows, horizons); where a bound would rise again, it gives way outwards."""
        log_days = self.model.log_days(x)
        survival = np.column_stack([self.model.survival(log_days, days) for days in HORIZONS])
        wider = NORMAL_95 * self.model.log_odds_errors(x, HORIZONS) + self.spread
        lower, upper = expit(logit(survival) - wider), expit(logit(survival) + wider)
        lower = np.minimum(np.minimum.accumulate(lower, axis=1), survival)
        upper = np.maximum(np.maximum.accumulate(upper[:, ::-1], axis=1)[:, ::-1], survival)
        return survival, lower, upper

    def groups(self, test: Durations, known: int) -> dict[int, list[Group]]:
        """By horizon within the `known` days, groups of customers by the probability of the event."""
        survival, lower, upper = self.curve(test.x[:, test.places(self.features)])
        return {
            days: groups_of(1 - survival[:, k], 1 - upper[:, k], 1 - lower[:, k], test.came(days))
            for k, days in enumerate(HORIZONS)
            if days <= known
        }

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"event": self.event.name, "model": self.model.to_state(), "spread": self.spread}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Survival:
        """The model that `to_state` gave."""
        return cls(EVENTS[state["event"]], LogLogistic.from_state(state["model"]), state["spread"])


def followed(table: pa.Table) -> pa.Table:
    """The rows of customers who could be watched at all: not those of the newest day itself."""
    return table.filter(pc.or_(pc.greater(table["duration_days"], 0), table["is_observed"]))


@dataclass
class Durations:
    """Rows to learn from: matrix, snapshot, days to the event or to the newest day, and whether it came by then.

    `groups` gives per name of a grouping the group of every row, in which performance is also reported.
    `events` numbers what the rows end with: those of a customer at several snapshots mostly wait for the same event.
    """

    x: Matrix
    snapshot_dates: npt.NDArray[np.datetime64]
    days: Vector
    observed: Flags
    features: list[Feature]
    events: npt.NDArray[np.int64]
    groups: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table, names: Iterable[str]) -> Durations:
        """From customer_id, snapshot_date, duration_days, is_observed and the columns `names`.

        Without rows of no duration.
        """
        table = followed(table)
        return cls.with_features(table, choose_features(table, names))

    @classmethod
    def with_features(cls, table: pa.Table, features: list[Feature]) -> Durations:
        """All rows, as a matrix of `features`."""
        dates = table["snapshot_date"].to_numpy().astype("datetime64[D]")
        days, observed = as_numbers(table["duration_days"]), as_numbers(table["is_observed"]) > 0
        events = _events(table["customer_id"], dates, days)
        return cls(matrix(table, features), dates, days, observed, features, events, groupings_of(table))

    def as_of(self, day: date) -> Durations:
        """What was known when `day` began: the snapshots before it, censored then."""
        before = self.before(day)
        known = (np.datetime64(day) - self.snapshot_dates[before]).astype(np.float64)
        return Durations(
            self.x[before],
            self.snapshot_dates[before],
            np.minimum(self.days[before], known),
            self.observed[before] & (self.days[before] < known),
            self.features,
            self.events[before],
        )

    def before(self, day: date) -> Flags:
        """The rows whose snapshot lies before `day`."""
        return self.snapshot_dates < np.datetime64(day)

    def at(self, day: date) -> Durations:
        """The rows of one snapshot."""
        return self.rows(self.snapshot_dates == np.datetime64(day))

    def rows(self, of: Flags) -> Durations:
        """Some of the rows."""
        groups = {name: values[of] for name, values in self.groups.items()}
        return Durations(
            self.x[of], self.snapshot_dates[of], self.days[of], self.observed[of], self.features, self.events[of],
            groups,
        )  # fmt: skip

    def came(self, days: float) -> Flags:
        """Whether the event came within `days`."""
        return self.observed & (self.days < days)

    def fit(self, features: list[Feature], seed: int) -> LogLogistic:
        """The model on some of the features."""
        x = self.x[:, self.places(features)]
        return LogLogistic.fit(x, self.days, self.observed, features, limit=LIMIT_DAYS, seed=seed, events=self.events)

    def places(self, features: list[Feature]) -> list[int]:
        """Where features stand in `x`."""
        return [self.features.index(feature) for feature in features]


def _events(customer_ids: pa.ChunkedArray, dates: npt.NDArray[np.datetime64], days: Vector) -> npt.NDArray[np.int64]:
    """A number for each customer and moment at which their time ended, to the minute."""
    customer = np.unique(customer_ids.to_numpy().astype(str), return_inverse=True)[1]
    minutes = np.round((dates.astype(np.int64) + days) * 24 * 60).astype(np.int64)
    return customer * MOST_MINUTES + minutes


@dataclass
class Candidate:
    """What was fitted, and how the same recipe did in past periods: a row per test day and horizon."""

    algorithm: str
    fitted: Survival
    learnt: tuple[date, ...]
    n_rows: int
    performance: list[dict[str, Any]] = field(default_factory=list)
    importance: dict[str, float] = field(default_factory=dict)
    message: str = ""

    @property
    def log_likelihood(self) -> float:
        """Out of time, averaged over the test days; nan where nothing was measured."""
        whole = [row for row in self.performance if row["group_name"] == "all" and "log_likelihood" in row]
        values = [row["log_likelihood"] for row in whole]
        return float(np.mean(values)) if values else np.nan


@single_threaded
def fit(
    table: pa.Table, names: Iterable[str], *, newest: date, event: Event = NEXT_PURCHASE, seed: int
) -> list[Candidate]:
    """The model with covariates and the one without, the better out of time first.

    `table` has a row per customer and monthly snapshot: snapshot_date, duration_days (to the event where `is_observed`,
    else to `newest`, the day before which everything is known) and the features `names`. No rows give no candidates.
    """
    durations = Durations.of(table, names)
    if not durations.days.size:
        return []
    candidates = [_candidate(durations, features, newest, event, seed) for features in (durations.features, [])]
    if candidates[0].algorithm == candidates[1].algorithm:
        return candidates[:1]
    candidates[1].message = "without covariates, as what is to be beaten"
    return sorted(candidates, key=lambda candidate: -np.nan_to_num(candidate.log_likelihood, nan=-np.inf))


def _candidate(durations: Durations, features: list[Feature], newest: date, event: Event, seed: int) -> Candidate:
    model = durations.fit(features, seed)
    days = sorted(set(durations.snapshot_dates.tolist()))
    tests = test_days(days, newest)
    pasts = {test: Survival(event, durations.as_of(test).fit(features, seed)) for test in tests}
    needed = {test: _groups_after(test, pasts[test], durations, days, newest) for test in tests}
    candidate = Candidate(
        model.algorithm,
        Survival(event, model, _spread(needed.values())),
        tuple(days),
        model.n_rows,
        message=model.message,
    )
    candidate.importance = model.covariates.importance(model.coefficients)
    for test, past in pasts.items():
        past.spread = _spread(groups for other, groups in needed.items() if other != test)
        candidate.performance += measure(past, durations.at(test), test, (newest - test).days)
    return candidate


def _groups_after(
    test: date, past: Survival, durations: Durations, days: list[date], newest: date
) -> list[dict[int, list[Group]]]:
    """What a model said of the snapshots of the months in which it would have been in use."""
    in_use = [day for day in days if test <= day < test + timedelta(days=DAYS_BETWEEN_TESTS)]
    return [past.groups(durations.at(day), (newest - day).days) for day in in_use]


def _spread(tests: Iterable[list[dict[int, list[Group]]]]) -> Vector:
    """At each horizon; one that no period is known for yet is as doubtful as the one before it."""
    periods_, spread = [groups for test in tests for groups in test], list[float]()
    for days in HORIZONS:
        known = [groups[days] for groups in periods_ if days in groups]
        spread.append(spread_of(known) if known else max(spread, default=0.0))
    return np.array(spread)


def test_days(days: list[date], newest: date) -> list[date]:
    """Snapshots to measure on, the latest first: those after the first that are known for the longest horizon."""
    for horizon in reversed(HORIZONS):
        chosen = list[date]()
        for day in reversed([day for day in days[1:] if (newest - day).days >= horizon]):
            if not chosen or chosen[-1] - day >= timedelta(days=DAYS_BETWEEN_TESTS):
                chosen.append(day)
        if chosen:
            return chosen[: periods.MOST_BACKTESTS]
    return []


def measure(fitted: Survival, test: Durations, day: date, known: int) -> list[dict[str, Any]]:
    """Rows of performance on the customers of a day, of whom `known` days are known: of all and of each group.

    The probability of the event by each horizon within them and its bounds, and the whole curve until the longest one.
    """
    rows = list[dict[str, Any]]()
    for name, of in {"all": np.full(len(test.days), "all"), **test.groups}.items():
        for group in sorted(set(of.tolist())):
            common = {"period": day.isoformat(), "protocol": "out of time", "group_name": name, "group_value": group}
            rows += [common | row for row in _measured(fitted, test.rows(of == group), known)]
    return rows


def _measured(fitted: Survival, test: Durations, known: int) -> list[dict[str, Any]]:
    model = fitted.model
    log_days = model.log_days(test.x[:, test.places(fitted.features)])
    rows, by_horizon = list[dict[str, Any]](), fitted.groups(test, known)
    for days, groups in by_horizon.items():
        coverage = {"horizon": days, "bounds_coverage": float(np.mean([group.is_inside for group in groups]))}
        rows.append(coverage | metrics.of_probabilities(1 - model.survival(log_days, days), test.came(days)))
    last, limit = max(by_horizon), min(LIMIT_DAYS, known)
    likelihood = model.log_likelihood(log_days, np.clip(test.days, FIRST_DAYS, last), test.came(last))
    brier = [((1 - model.survival(log_days, days) - test.came(days)) ** 2).mean() for days in range(5, last + 1, 5)]
    whole = {"log_likelihood": float(likelihood.mean()), "integrated_brier": float(np.mean(brier))}
    means = metrics.of_values(model.restricted_mean(log_days, limit), np.minimum(test.days, limit))
    return [*rows, {"horizon": LIMIT_DAYS, "limit_days": limit} | whole | means]
