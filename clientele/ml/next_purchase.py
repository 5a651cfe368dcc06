"""The next purchase: whether within 7, 30 and 90 days, on which date, of which category.

A version is a bundle of one algorithm: a calibrated classifier per horizon, whose probabilities are made monotone; the
model of the time beyond the last horizon; and the mix of categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml import classifier, periods, reasons
from clientele.ml.categories import CategoryMix, Counts
from clientele.ml.classifier import LAST_RESORT, BaseRate, Classifier, Fit, fit_candidates
from clientele.ml.feature_table import Feature, Matrix, matrix
from clientele.ml.log_logistic import LogLogistic
from clientele.ml.logistic import AdditiveLogistic
from clientele.ml.purchase_dates import HORIZONS, LEVELS, LIMIT_DAYS, as_dates, days_by, monotone
from clientele.ml.purchase_history import PurchaseHistory
from clientele.ml.survival import Durations, test_days
from clientele.ml.threads import single_threaded

Vector = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any] | pa.Array]

EXPLAINED_DAYS = 30  # the horizon whose probability has reasons: a month is what messages are planned by

# Boosting costs about twice as much at three horizons, and on the demo company was worse at each of them: log loss out
# of time .1671, .3015 and .3572, against .1663, .2978 and .3521 of the logistic regression, on 84,579 rows.
LEARNERS: dict[str, Fit] = {"logistic_regression": AdditiveLogistic.fit, LAST_RESORT: BaseRate.fit}


@dataclass
class NextPurchase:
    """A fitted bundle; `mix` is None where no category was ever known."""

    features: list[Feature]
    classifiers: dict[int, Classifier]
    time: LogLogistic
    mix: CategoryMix | None

    def probabilities(self, x: Matrix, day: date) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """Probability of a purchase within each of HORIZONS of a snapshot, and its bounds, each (rows, horizons).

        Last, what each feature adds to the log-odds within EXPLAINED_DAYS, before they were made monotone.
        """
        *bounded, effects = zip(*(self.classifiers[days].score(x, day) for days in HORIZONS), strict=True)
        probability, lower, upper = (monotone(np.column_stack(columns)) for columns in bounded)
        return probability, lower, upper, effects[HORIZONS.index(EXPLAINED_DAYS)]

    def days(self, x: Matrix, probability: Matrix) -> dict[str, Vector]:
        """Days to the next purchase at each of LEVELS; nan where that is not expected within a year."""
        log_days = self.time.log_days(x[:, [self.features.index(f) for f in self.time.covariates.features]])
        last = self.time.survival(log_days, HORIZONS[-1])
        return {
            name: days_by(level, probability, beyond=lambda survival: self.time.days_at(log_days, survival * last))
            for name, level in LEVELS.items()
        }

    def score(self, batch: pa.RecordBatch | pa.Table) -> Columns:
        """Arrays by name, one entry per row.

        `batch` has customers at one snapshot: snapshot_date, the features, and the lists `categories` and
        `category_lines` (see Counts). NaT and None stand for null: a date that is not expected within a year, a
        category where none was ever known. Raises ValueError where there are several snapshots.
        """
        dates = np.asarray(batch.column("snapshot_date")).astype("datetime64[D]")
        if len(dates) and (dates != dates[0]).any():
            raise ValueError(f"a batch is of one snapshot, not of {dates.min()} and {dates.max()}")
        x = matrix(batch, self.features)
        probability, lower, upper, effects = self.probabilities(x, dates[0].item() if len(dates) else date.min)
        columns: Columns = {}
        for k, days in enumerate(HORIZONS):
            columns[f"p_purchase_{days}d"] = probability[:, k]
            columns[f"p_purchase_{days}d_lower"] = lower[:, k]
            columns[f"p_purchase_{days}d_upper"] = upper[:, k]
        expected = {name: as_dates(dates, days) for name, days in self.days(x, probability).items()}
        columns["expected_date"] = expected["median"]
        columns["expected_date_lower"], columns["expected_date_upper"] = expected["lower"], expected["upper"]
        explained = self.classifiers[EXPLAINED_DAYS]
        told = reasons.columns(explained.model.features, x, effects, explained.together)
        return columns | self._categories(batch) | told

    def _categories(self, batch: pa.RecordBatch | pa.Table) -> Columns:
        names, probability = np.full(batch.num_rows, None, dtype=object), np.full(batch.num_rows, np.nan)
        if self.mix:
            likely, probability = self.mix.most_likely(Counts.of(batch))
            names = likely.to_numpy(zero_copy_only=False)
        return {"likely_category": names, "likely_category_probability": probability}

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "features": [feature.to_state() for feature in self.features],
            "classifiers": {str(days): one.to_state() for days, one in self.classifiers.items()},
            "time": self.time.to_state(),
            "mix": self.mix.to_state() if self.mix else None,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> NextPurchase:
        """The bundle that `to_state` gave."""
        return cls(
            [Feature.from_state(feature) for feature in state["features"]],
            {int(days): Classifier.from_state(one) for days, one in state["classifiers"].items()},
            LogLogistic.from_state(state["time"]),
            CategoryMix.from_state(state["mix"]) if state["mix"] else None,
        )


@dataclass
class Candidate:
    """One algorithm, at all horizons: how it did in past periods, and the bundle to put to use if it is chosen."""

    algorithm: str
    fitted: NextPurchase | None
    learnt: tuple[date, ...] = ()
    calibrated: tuple[date, ...] = ()
    n_rows: int = 0
    performance: list[dict[str, Any]] = field(default_factory=list)
    importance: dict[str, float] = field(default_factory=dict)
    message: str = ""

    @property
    def log_loss(self) -> float:
        """Over all customers, averaged over horizons and test days; inf where nothing was measured."""
        values = [r["log_loss"] for r in self.performance if r["group_name"] == "all" and "log_loss" in r]
        return float(np.mean(values)) if values else np.inf


@single_threaded
def fit(table: pa.Table, names: Iterable[str], *, newest: date, seed: int) -> list[Candidate]:
    """One candidate an algorithm, the best out of time first; of it also dates and categories are measured.

    `table` has a row per customer and monthly snapshot: customer_id, snapshot_date, duration_days (to the next order
    where `is_observed`, else to `newest`, the day before which everything is known), next_category (of that order, null
    where unknown), the lists `categories` and `category_lines`, and the features `names`. No rows give no candidates;
    one that could not be fitted says why in its message.
    """
    history = PurchaseHistory.of(table, names, newest)
    if not history.fold.size:
        return []
    found = {days: fit_candidates(history.examples(days), days, LEARNERS, seed=seed) for days in HORIZONS}
    if not all(found.values()):
        return [Candidate(LAST_RESORT, None, message=f"no customer has been watched for {HORIZONS[-1]} days yet")]
    by_name = {days: {one.algorithm: one for one in candidates} for days, candidates in found.items()}
    rest = (history.durations.fit(history.durations.features, seed), CategoryMix.fit(history.counts, history.bought))
    candidates = [_candidate(name, by_name, history, rest) for name in LEARNERS]
    candidates.sort(key=lambda one: (one.fitted is None, one.algorithm == LAST_RESORT, one.log_loss))
    if candidates[0].fitted:
        candidates[0].performance += _measure(history, candidates[0].algorithm, seed)
    return candidates


def _candidate(
    name: str,
    found: Mapping[int, Mapping[str, classifier.Candidate]],
    history: PurchaseHistory,
    rest: tuple[LogLogistic, CategoryMix | None],
) -> Candidate:
    """A bundle. At a horizon that the algorithm has too few purchases for, the rate stands in; the message says so."""
    failed = [f"{days} days: {by[name].message}" for days, by in found.items() if by[name].classifier is None]
    parts = {days: by[name] if by[name].classifier else by[LAST_RESORT] for days, by in found.items()}
    classifiers = {days: part.classifier for days, part in parts.items() if part.classifier}
    candidate = Candidate(name, None, message="; ".join(failed))
    if len(failed) == len(HORIZONS) or len(classifiers) < len(HORIZONS):
        return candidate
    candidate.fitted = NextPurchase(history.durations.features, classifiers, *rest)
    candidate.learnt = tuple(sorted({day for part in parts.values() for day in part.period.learn}))
    candidate.calibrated = tuple(sorted({day for part in parts.values() for day in part.period.calibrate}))
    candidate.n_rows = len(history.fold)
    candidate.importance = _mean_importance([part.importance for part in parts.values()])
    candidate.performance = [row | {"horizon": days} for days, part in parts.items() for row in part.performance]
    return candidate


def _mean_importance(of_horizons: list[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for one in of_horizons for name in one})
    return {name: sum(one.get(name, 0.0) for one in of_horizons) / len(of_horizons) for name in names}


def _measure(history: PurchaseHistory, algorithm: str, seed: int) -> list[dict[str, Any]]:
    """How often the purchase came before the dates that were expected, and was of the category that was."""
    days = test_days(sorted(set(history.durations.snapshot_dates.tolist())), history.newest)
    past = _bundle(history.as_of(days[0]), algorithm, seed) if days else None
    if not past:
        return []
    row = {"period": days[0].isoformat(), "protocol": "out of time", "group_name": "all", "group_value": "all"}
    measured = _measure_dates(past, history.durations.at(days[0]), days[0], (history.newest - days[0]).days)
    bought = history.durations.observed & np.asarray(history.bought.is_valid())
    bought &= history.durations.snapshot_dates == np.datetime64(days[0])
    if past.mix and bought.any():
        measured |= past.mix.measure(history.counts.of_customers(bought), history.bought.filter(pa.array(bought)))
    return [row | {"horizon": LIMIT_DAYS} | measured]


def _bundle(history: PurchaseHistory, algorithm: str, seed: int) -> NextPurchase | None:
    """The same recipe on a history; None where nobody had been watched for all horizons."""
    classifiers = {}
    for days in HORIZONS:
        examples = history.examples(days)
        if not len(examples.y):
            return None
        period = periods.shipped(sorted(set(examples.snapshot_dates.tolist())), days)
        try:
            classifiers[days] = Classifier.fit(examples, period, LEARNERS[algorithm], seed)
        except ValueError:  # too few purchases for the algorithm, as in `_candidate`
            classifiers[days] = Classifier.fit(examples, period, LEARNERS[LAST_RESORT], seed)
    features = history.durations.features
    time, mix = history.durations.fit(features, seed), CategoryMix.fit(history.counts, history.bought)
    return NextPurchase(features, classifiers, time, mix)


def _measure_dates(past: NextPurchase, tested: Durations, day: date, known: int) -> dict[str, float]:
    """Share of purchases before each date, among the customers whose date lies within the `known` days."""
    dates = past.days(tested.x, past.probabilities(tested.x, day)[0])

    def share(of: npt.NDArray[np.bool_], came: npt.NDArray[np.bool_]) -> float:
        return float((tested.observed & came)[of].mean()) if of.any() else np.nan

    measured = {f"share_before_{name}": share(days <= known, tested.days < days) for name, days in dates.items()}
    inside = (dates["lower"] <= tested.days) & (tested.days < dates["upper"])
    return measured | {"n": float(len(tested.days)), "interval_coverage": share(dates["upper"] <= known, inside)}
