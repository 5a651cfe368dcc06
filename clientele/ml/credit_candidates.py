"""Credit models measured out of time and fitted for use: learnt on older snapshots, calibrated on the newest of them.

As with churn a model learns from every snapshot whose outcomes are known; it is calibrated on the newest of them by
models that did not know the customers, so that a customer's other snapshots do not vouch for it. What is calibrated is
the card itself: slope and offset go into coefficients and base before there are points, so that a score means its
probability of default by the formula alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml import metrics, periods, score_from_rows
from clientele.ml.calibration import Group, groups_of, spread_of
from clientele.ml.credit_bounds import Recalibration, slope_of
from clientele.ml.feature_table import matrix
from clientele.ml.loans import Loans
from clientele.ml.monotone_boosting import MonotoneBoosting
from clientele.ml.periods import Period
from clientele.ml.scorecard import Scaling, Scorecard
from clientele.ml.steps import Options

Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

FEWEST_LEARNT = 20  # customers, to learn anything in a backtest
CALIBRATE_DEFAULTED = 200  # customers that the newest snapshots together hold: a level from 50 is off by a seventh
INNER_FOLDS = 3  # of customers, each scored by a model that learnt from the others


class Model(Protocol):
    """Log-odds of a default for the rows of a table."""

    def log_odds_of(self, table: pa.Table) -> Vector:
        """One a row."""
        ...


@dataclass(frozen=True)
class Card:
    """A scorecard as a model."""

    card: Scorecard

    @classmethod
    def fit(cls, loans: Loans, at: Places, seed: int) -> Card:  # noqa: ARG003  # nothing is drawn
        """Learn from the rows `at`."""
        return cls(Scorecard.fit(loans.x[at], loans.y[at], loans.features, loans.draw[at], _options(loans, at)))

    def log_odds_of(self, table: pa.Table) -> Vector:
        """One a row."""
        return self.card.log_odds(matrix(table, self.card.features))


@dataclass(frozen=True)
class Boosting:
    """Monotone gradient boosting as a model."""

    boosting: MonotoneBoosting

    @classmethod
    def fit(cls, loans: Loans, at: Places, seed: int) -> Boosting:
        """Learn from the rows `at`."""
        x, y = loans.x[at], loans.y[at]
        return cls(MonotoneBoosting.fit(x, y, loans.features, _options(loans, at), seed=seed))

    def log_odds_of(self, table: pa.Table) -> Vector:
        """One a row."""
        return self.boosting.log_odds(table)


def _options(loans: Loans, at: Places) -> Options:
    return Options(rows_per_case=len(at) / max(loans.n_cases(at), 1))


@dataclass
class Fitted:
    """A calibrated model; a scorecard also as its rows."""

    model: Model
    recalibration: Recalibration
    scaling: Scaling
    rows: list[dict[str, Any]] | None

    def probability(self, table: pa.Table) -> tuple[Vector, Vector, Vector]:
        """Of default, with its bounds; by the whole score where the model is a scorecard."""
        if self.rows is None:
            log_odds = self.model.log_odds_of(table)
            return self.recalibration.calibration.probability(log_odds), *self.recalibration.bounds(log_odds)
        lowest, highest = score_from_rows.score_range(self.rows)
        by_score = self.recalibration.by_score(self.scaling, lowest, highest)
        at = score_from_rows.score(self.rows, table) - lowest
        pd, lower, upper = (np.array([row[name] for row in by_score])[at] for name in ("pd", "pd_lower", "pd_upper"))
        return pd, lower, upper

    def exact(self, table: pa.Table) -> Vector:
        """Probability of default by log-odds that were not rounded to points."""
        return self.recalibration.calibration.probability(self.model.log_odds_of(table))

    def pd_rows(self) -> list[dict[str, Any]] | None:
        """The probability and its bounds at every score that the rows can give; None where there are no rows."""
        if self.rows is None:
            return None
        return self.recalibration.by_score(self.scaling, *score_from_rows.score_range(self.rows))


@dataclass
class Candidate:
    """One algorithm: how it did in past periods, and the model to put to use if it is chosen.

    `told` are its probabilities of the rows `tested` of the newest backtest, `exact` those before points were rounded.
    """

    algorithm: str
    fitted: Fitted | None
    period: Period
    n_rows: int = 0
    n_defaulted: int = 0  # customers among them
    performance: list[dict[str, Any]] = field(default_factory=list)
    importance: dict[str, float] = field(default_factory=dict)
    message: str = ""
    told: Vector = field(default_factory=lambda: np.empty(0))
    exact: Vector = field(default_factory=lambda: np.empty(0))
    tested: Places = field(default_factory=lambda: np.empty(0, dtype=np.intp))


LEARNERS: Mapping[str, Any] = {
    "scorecard": Card,
    "boosting": Boosting,
    "scorecard_with_emotion": Card,
}


def fit_candidate(loans: Loans, algorithm: str, scaling: Scaling, *, horizon: int, seed: int) -> Candidate:
    """Measure an algorithm in past periods and fit what would be put to use; where that fails, the message says why."""
    shipped = _with_calibration(loans, periods.shipped(loans.dates, horizon))
    candidate = Candidate(algorithm, None, shipped)
    try:
        fitted = _fitted(loans, shipped, algorithm, scaling, seed)
        measured = _measured(loans, algorithm, scaling, horizon=horizon, seed=seed)
    except ValueError as error:
        candidate.message = str(error)
        return candidate
    fitted.recalibration.calibration.spread = spread_of([one.groups for one in measured])
    for one in measured:
        day = max(one.period.test)
        known = [other.groups for other in measured if max(other.period.test) + timedelta(days=horizon) <= day]
        candidate.performance.append(one.row(spread_of(known) if known else None, seed))
    learn, calibrate, _ = periods.masks(shipped, loans.days, loans.fold)
    candidate.fitted, candidate.n_rows = fitted, int((learn | calibrate).sum())
    candidate.n_defaulted = loans.n_cases((learn | calibrate) & loans.y)
    candidate.importance = _importance(fitted, loans, calibrate, seed)
    newest = measured[0]
    candidate.told, candidate.tested = newest.probability, newest.at
    candidate.exact = newest.fitted.exact(newest.table)
    return candidate


def _fitted(loans: Loans, period: Period, algorithm: str, scaling: Scaling, seed: int) -> Fitted:
    """Learn and calibrate on the snapshots of a period. Raises ValueError where there is too little to learn from."""
    if not loans.features:
        raise ValueError("no characteristic holds more than one value")
    learn, calibrate, _ = periods.masks(period, loans.days, loans.fold)
    at, learner = np.flatnonzero(learn), LEARNERS[algorithm]
    defaulted = loans.n_cases(learn & loans.y)
    if defaulted < FEWEST_LEARNT:
        raise ValueError(f"{defaulted} customers defaulted among those to learn from, {FEWEST_LEARNT} are needed")
    model = learner.fit(loans, at, seed)
    rows = np.flatnonzero(calibrate)
    part, unseen = loans.fold % INNER_FOLDS, np.zeros(len(loans.y))
    for one in range(INNER_FOLDS):
        mine = rows[part[rows] == one]
        if mine.size:
            unseen[mine] = learner.fit(loans, at[part[at] != one], seed).log_odds_of(loans.table.take(mine))
    recalibration = Recalibration.fit(unseen[rows], loans.y[rows], loans.case[rows], seed=seed)
    line = recalibration.calibration
    of = model.card.recalibrated(line.slope, line.offset).rows(scaling) if isinstance(model, Card) else None
    return Fitted(model, recalibration, scaling, of)


@dataclass
class _Measured:
    """A backtest: the rows it was measured on, and what the model of that time said of them."""

    period: Period
    at: Places
    fitted: Fitted
    table: pa.Table
    y: npt.NDArray[np.bool_]
    probability: Vector
    groups: list[Group]
    slope: tuple[float, float]  # of what came true on what was told, and its standard error
    n_defaulted: int  # customers, of whom there may be several rows
    n_defaulted_level: int  # customers that the level was learnt from
    n_defaulted_learnt: int  # customers that the model learnt from
    n_learnt: int  # rows that it learnt from

    @classmethod
    def of(cls, loans: Loans, period: Period, algorithm: str, scaling: Scaling, seed: int) -> _Measured:
        fitted = _fitted(loans, period, algorithm, scaling, seed)
        learn, calibrate, test = periods.masks(period, loans.days, loans.fold)
        at = np.flatnonzero(test)
        y, table = loans.y[at], loans.table.take(at)
        if not y.any() or y.all():
            raise ValueError(f"nobody defaulted, or everybody, among those to measure on ({period.test[-1]})")
        probability, lower, upper = fitted.probability(table)
        groups = groups_of(probability, lower, upper, y)
        n_test, n_level, n_learnt = (loans.n_cases(rows & loans.y) for rows in (test, calibrate, learn))
        slope = slope_of(probability, y, loans.case[at])
        return cls(
            period, at, fitted, table, y, probability, groups, slope, n_test, n_level, n_learnt, int(learn.sum())
        )

    def row(self, spread: float | None, seed: int) -> dict[str, Any]:
        """Metrics over all rows; coverage by bounds as widened by what was known at the time, nan before that."""
        coverage = np.nan
        if spread is not None:
            self.fitted.recalibration.calibration.spread = spread
            _, lower, upper = self.fitted.probability(self.table)
            coverage = float(np.mean([one.is_inside for one in groups_of(self.probability, lower, upper, self.y)]))
        found = metrics.of_probabilities(self.probability, self.y)
        return {
            "period": self.period.test[-1].isoformat(),
            "protocol": self.period.protocol,
            "group_name": "all",
            "group_value": "all",
            "bounds_coverage": coverage,
            **found,
            "slope": self.slope[0],
            "slope_error": self.slope[1],
            "n_defaulted": self.n_defaulted,
            "n_defaulted_level": self.n_defaulted_level,
            "n_defaulted_learnt": self.n_defaulted_learnt,
            "n_learnt": self.n_learnt,
            "mean_pd": float(self.probability.mean()),
            "ece_by_chance": metrics.calibration_error_by_chance(self.probability, seed=seed),
            "gini": 2 * found["auc"] - 1,
            "ks": metrics.kolmogorov_smirnov(self.probability, self.y),
        }


def _measured(loans: Loans, algorithm: str, scaling: Scaling, *, horizon: int, seed: int) -> list[_Measured]:
    """The backtests, the newest first; on other customers of the same time where none has enough defaults before it."""
    measured = list[_Measured]()
    for period in periods.backtests(loans.dates, horizon):
        try:
            measured.append(_Measured.of(loans, _with_calibration(loans, period), algorithm, scaling, seed))
        except ValueError:  # too few defaults by then: an earlier period has fewer still
            break
    if measured:
        return measured
    days = tuple(loans.dates)
    period = _with_calibration(loans, Period(days, days[-1:], days, horizon))
    return [_Measured.of(loans, period, algorithm, scaling, seed)]


def _with_calibration(loans: Loans, period: Period) -> Period:
    """The period calibrated on its newest snapshots, so many that enough of their customers defaulted."""
    learnt = sorted(period.learn)
    for first in reversed(range(len(learnt))):
        days: Sequence[Any] = learnt[first:]
        of = np.isin(loans.days, np.array(days, dtype="datetime64[D]"))
        if loans.n_cases(of & loans.y) >= CALIBRATE_DEFAULTED:
            break
    return replace(period, calibrate=tuple(learnt[first:]))


def _importance(fitted: Fitted, loans: Loans, calibrate: npt.NDArray[np.bool_], seed: int) -> dict[str, float]:
    """Information value of each characteristic; of the trees, what shuffling it costs."""
    if isinstance(fitted.model, Card):
        return {one.name: float(one.iv.sum()) for one in fitted.model.card.characteristics}
    at = np.flatnonzero(calibrate)
    assert isinstance(fitted.model, Boosting)
    return fitted.model.boosting.importance(loans.table.take(at), loans.y[at], seed=seed)
