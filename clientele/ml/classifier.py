"""A yes or no about every customer: candidates measured out of time, calibrated, with bounds and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clientele.ml import metrics, periods, reasons
from clientele.ml.blend import AdditiveBlend
from clientele.ml.boosting import AdditiveBoosting
from clientele.ml.calibration import Calibration, Group, groups_of, logit, spread_of
from clientele.ml.feature_table import Feature, Matrix
from clientele.ml.logistic import AdditiveLogistic
from clientele.ml.season import Season, doubt_of, level
from clientele.ml.threads import single_threaded

Vector = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

MOST_ROWS = 20_000  # to learn from: more cost time and gain little that survives the next quarter
FEWEST_OUTCOMES = 20  # of the rarer kind, to learn anything but the rate from
INNER_FOLDS = 2  # of customers, each scored by a model that learnt from the others; 3 were no better
LAST_RESORT = "base_rate"


class AdditiveModel(Protocol):
    """Log-odds as a sum over features."""

    features: list[Feature]
    intercept: float

    def contributions(self, x: Matrix) -> Vector:
        """(rows, features): what each feature adds to a row's log-odds against the average customer."""
        ...

    def to_state(self) -> dict[str, Any]:
        """As plain data."""
        ...


Fit = Callable[[Matrix, Labels, list[Feature]], AdditiveModel]


@dataclass
class BaseRate:
    """Knows the rate alone: what is left where nothing can be learnt, and says so by its name."""

    features: list[Feature]
    intercept: float

    @classmethod
    def fit(cls, x: Matrix, y: Labels, features: list[Feature]) -> BaseRate:  # noqa: ARG003
        """The rate of `y`."""
        return cls([], logit((y.sum() + 0.5) / (len(y) + 1)))

    def contributions(self, x: Matrix) -> Vector:
        """No feature adds anything."""
        return np.zeros((len(x), 0))

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {"kind": LAST_RESORT, "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> BaseRate:
        """The model that `to_state` gave."""
        return cls([], float(state["intercept"]))


LEARNERS: dict[str, Fit] = {
    "hist_gradient_boosting": AdditiveBoosting.fit,
    "logistic_regression": AdditiveLogistic.fit,
    "blend": AdditiveBlend.fit,
    LAST_RESORT: BaseRate.fit,
}
KINDS: dict[str, Callable[[dict[str, Any]], AdditiveModel]] = {
    "additive_boosting": AdditiveBoosting.from_state,
    "additive_logistic": AdditiveLogistic.from_state,
    "additive_blend": AdditiveBlend.from_state,
    LAST_RESORT: BaseRate.from_state,
}


@dataclass
class Examples:
    """Rows with a known outcome.

    `x` is (rows, features); `groups` gives per name of a grouping the group of every row, in which performance is
    also reported.
    """

    x: Matrix
    y: Labels
    features: list[Feature]
    snapshot_dates: npt.NDArray[np.datetime64]
    fold: npt.NDArray[np.int64]
    groups: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def columns(self, model: AdditiveModel) -> Matrix:
        """`x` with the features of a model, which may have been fitted on some of them only."""
        if model.features == self.features or not model.features:
            return self.x
        names = [feature.name for feature in self.features]
        return self.x[:, [names.index(feature.name) for feature in model.features]]

    def log_odds(self, model: AdditiveModel) -> Vector:
        """What a model says of every row."""
        return _log_odds(model, model.contributions(self.columns(model)))

    def bounded(self, mask: npt.NDArray[np.bool_], seed: int) -> npt.NDArray[np.intp]:
        """Places of at most MOST_ROWS rows of a mask, drawn with a seed, in their order."""
        at = np.flatnonzero(mask)
        if at.size > MOST_ROWS:
            at = np.sort(np.random.default_rng(seed).choice(at, MOST_ROWS, replace=False))
        return at


@dataclass
class Classifier:
    """A fitted model with its calibration, and what it knows of the season.

    `together` is the group of each feature that shares a reason with others, see reasons.moving_together().
    """

    model: AdditiveModel
    calibration: Calibration
    season: Season
    together: list[int] = field(default_factory=list)

    @classmethod
    def fit(cls, examples: Examples, period: periods.Period, fit: Fit, seed: int) -> Classifier:
        """Learn and calibrate on the snapshots of a period.

        The model learns from all of them; it is calibrated on the scores that the newest snapshot's customers get from
        models that learnt from others. Raises ValueError where there is too little to learn from; the message says of
        what.
        """
        learn, calibrate, _ = periods.masks(period, examples.snapshot_dates, examples.fold)
        at = examples.bounded(learn, seed)
        y = examples.y[at]
        if fit != BaseRate.fit and min(y.sum(), (~y).sum()) < FEWEST_OUTCOMES:
            raise ValueError(f"{int(y.sum())} of {len(y)} rows have the outcome, {FEWEST_OUTCOMES} of each are needed")
        model = fit(examples.x[at], y, examples.features)
        unseen = None if fit == BaseRate.fit else _unseen_scores(examples, at, calibrate, fit)
        return cls.calibrated(model, examples, examples.log_odds(model), calibrate, period, unseen)

    @classmethod
    def calibrated(
        cls,
        model: AdditiveModel,
        examples: Examples,
        score: Vector,
        rows: Labels,
        period: periods.Period,
        unseen: Vector | None = None,
    ) -> Classifier:
        """A model with the calibration of some rows, and the season until they were known.

        `score` are the log-odds of all examples. `unseen` are those of `rows`, where the model's own would be of
        customers that it knows.
        """
        if isinstance(model, BaseRate):
            calibration = _flat(examples.y[rows])
        else:
            calibration = Calibration.fit(score[rows] if unseen is None else unseen, examples.y[rows])
        day = max(period.calibrate)
        known = examples.snapshot_dates <= np.datetime64(day, "D")
        log_odds, y, dates = calibration.log_odds(score[known]), examples.y[known], examples.snapshot_dates[known]
        return cls(model, calibration, Season.fit(log_odds, y, dates, day, period.horizon))

    def score(self, x: Matrix, day: date) -> tuple[Vector, Vector, Vector, Vector]:
        """Probability, lower and upper bound of each row at a snapshot, and each feature's effect on its log-odds."""
        contributions = self.model.contributions(x)
        return *self.bounded(_log_odds(self.model, contributions), day), contributions * self.calibration.slope

    def bounded(self, score: Vector, day: date) -> tuple[Vector, Vector, Vector]:
        """Probability, lower and upper bound at a snapshot of rows whose log-odds by the model are known."""
        shift = self.season.shift(day)
        bounds = self.calibration.bounds(score, shift, self.season.tolerance(day))
        return self.calibration.probability(score, shift), *bounds

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "model": self.model.to_state(),
            "calibration": self.calibration.to_state(),
            "season": self.season.to_state(),
            "together": self.together,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], kinds: Mapping[str, Callable[..., AdditiveModel]] = KINDS) -> Classifier:
        """The classifier that `to_state` gave."""
        model = kinds[state["model"]["kind"]](state["model"])
        calibration, season = Calibration.from_state(state["calibration"]), Season.from_state(state["season"])
        return cls(model, calibration, season, state.get("together", []))


@dataclass
class Candidate:
    """One algorithm: how it did in past periods, and the model to put to use if it is chosen."""

    algorithm: str
    classifier: Classifier | None
    period: periods.Period
    performance: list[dict[str, Any]] = field(default_factory=list)
    importance: dict[str, float] = field(default_factory=dict)
    message: str = ""


@single_threaded
def fit_candidates(
    examples: Examples, horizon: int, learners: Mapping[str, Fit] = LEARNERS, *, seed: int
) -> list[Candidate]:
    """Measure every algorithm in past periods and fit what would be put to use, one horizon later.

    `horizon` is the length of the outcome's window in days. An algorithm that cannot be fitted is returned with the
    reason as its message and without a classifier. No examples give no candidates.
    """
    days = sorted(set(examples.snapshot_dates.astype("datetime64[D]").tolist()))
    if not days:
        return []
    shipped, tests = periods.shipped(days, horizon), periods.backtests(days, horizon)
    learners = _sharing(learners)
    return [_candidate(examples, name, fit, shipped, tests, seed) for name, fit in learners.items()]


def _candidate(
    examples: Examples, name: str, fit: Fit, shipped: periods.Period, tests: Sequence[periods.Period], seed: int
) -> Candidate:
    candidate = Candidate(name, None, shipped)
    try:
        measured = [(period, _Measured.of(examples, period, fit, seed)) for period in tests]
        classifier = Classifier.fit(examples, shipped, fit, seed)
    except ValueError as error:
        candidate.message = str(error)
        return candidate
    drifts = (_drifts(examples, tests[-1], fit, seed) if len(measured) > 1 else []) or measured
    in_use = max(shipped.calibrate) + timedelta(days=shipped.horizon)
    knows = classifier.season.knows(in_use)
    classifier.calibration.spread, classifier.season.doubt = _uncertainty(drifts, knows)
    for period, one in measured:
        known = [drift for drift in drifts if max(drift[0].test) + timedelta(days=period.horizon) <= max(period.test)]
        candidate.performance += one.rows(examples, period, _uncertainty(known, one.knows_season) if known else None)
    effects = _effects(examples, shipped, classifier)
    sizes = np.abs(effects).mean(axis=0)
    candidate.importance = {f.name: float(s) for f, s in zip(classifier.model.features, sizes, strict=True)}
    classifier.together = reasons.moving_together(effects)
    candidate.classifier = classifier
    return candidate


class _Once:
    """A learner that remembers its models by the rows they were fitted on, for those who need the same ones."""

    def __init__(self, fit: Fit) -> None:
        self.fit, self.models = fit, dict[bytes, AdditiveModel]()

    def __call__(self, x: Matrix, y: Labels, features: list[Feature]) -> AdditiveModel:
        key = blake2b(x.tobytes() + y.tobytes()).digest()
        if key not in self.models:
            self.models[key] = self.fit(x, y, features)
        return self.models[key]


def _sharing(learners: Mapping[str, Fit]) -> dict[str, Fit]:
    """The same learners, of which the blend mixes what the two others have fitted already."""
    shared, parts = dict(learners), ("hist_gradient_boosting", "logistic_regression")
    if not {"blend", *parts} <= shared.keys():
        return shared
    boosting, logistic = (_Once(learners[name]) for name in parts)
    shared |= dict(zip(parts, (boosting, logistic), strict=True))

    def blend(x: Matrix, y: Labels, features: list[Feature]) -> AdditiveModel:
        return AdditiveBlend.of(boosting(x, y, features), logistic(x, y, features))  # type: ignore[arg-type]

    return shared | {"blend": blend}


def _drifts(examples: Examples, oldest: periods.Period, fit: Fit, seed: int) -> list[tuple[periods.Period, _Measured]]:
    """What a model of the oldest snapshots, calibrated anew each month, said of the months that followed."""
    days = sorted(set(examples.snapshot_dates.astype("datetime64[D]").tolist()))
    model, score, drifts = None, np.empty(0), []
    for pair in periods.recalibrations(days, oldest):
        learn, calibrate, test = periods.masks(pair, examples.snapshot_dates, examples.fold)
        if examples.y[calibrate].all() or not examples.y[calibrate].any():
            continue
        if model is None:
            at = examples.bounded(learn, seed)
            model = fit(examples.x[at], examples.y[at], examples.features)
            score = examples.log_odds(model)
        again = Classifier.calibrated(model, examples, score, calibrate, pair)
        drifts.append((pair, _Measured.by(again, examples, score[test], test, max(pair.test))))
    return drifts


def _uncertainty(measured: list[tuple[periods.Period, _Measured]], knows_season: bool) -> tuple[float, float]:
    """Spread of the bounds and doubt of the season, from what knew as much of the season, else from all."""
    alike = [one for _, one in measured if one.knows_season == knows_season] or [one for _, one in measured]
    seasons = [one for one in alike if one.knows_season]
    doubt = doubt_of([one.shift for one in seasons], [one.missed for one in seasons])
    return spread_of([one.groups for one in alike]), doubt


@dataclass
class _Measured:
    """A backtest: the rows it was measured on, and what the model of that time said of them."""

    at: npt.NDArray[np.intp]
    classifier: Classifier
    score: Vector  # log-odds by the model
    probability: Vector
    groups: list[Group]
    knows_season: bool
    shift: float  # of the season, in log-odds
    missed: float  # by the level after that shift, likewise

    @classmethod
    def of(cls, examples: Examples, period: periods.Period, fit: Fit, seed: int) -> _Measured:
        classifier = Classifier.fit(examples, period, fit, seed)
        *_, test = periods.masks(period, examples.snapshot_dates, examples.fold)
        if not test.any():
            raise ValueError(f"no customer was eligible at the snapshots to measure on ({period.test[0]})")
        x = examples.columns(classifier.model)[test]
        score = _log_odds(classifier.model, classifier.model.contributions(x))
        return cls.by(classifier, examples, score, test, max(period.test))

    @classmethod
    def by(cls, classifier: Classifier, examples: Examples, score: Vector, test: Labels, day: date) -> _Measured:
        at = np.flatnonzero(test)
        # How far bounds miss is asked of bounds that allow for nothing yet.
        classifier.calibration.spread = classifier.season.doubt = 0.0
        probability, lower, upper = classifier.bounded(score, day)
        season, y = classifier.season, examples.y[at]
        missed, _ = level(logit(probability), y)
        groups = groups_of(probability, lower, upper, y)
        return cls(at, classifier, score, probability, groups, season.knows(day), season.shift(day), missed)

    def rows(
        self, examples: Examples, period: periods.Period, uncertainty: tuple[float, float] | None
    ) -> list[dict[str, Any]]:
        """Metrics of all rows and of each group; bounds as widened by what was known on the day of the test."""
        y, coverage = examples.y[self.at], self._coverage(examples, max(period.test), uncertainty)
        common = {"period": period.test[-1].isoformat(), "protocol": period.protocol}
        whole = {"group_name": "all", "group_value": "all", "bounds_coverage": coverage}
        rows: list[dict[str, Any]] = [common | whole | metrics.of_probabilities(self.probability, y)]
        for name, values in examples.groups.items():
            chosen = values[self.at]
            for value in sorted(set(chosen.tolist())):
                of = chosen == value
                rows.append(
                    common
                    | {"group_name": name, "group_value": str(value)}
                    | metrics.of_probabilities(self.probability[of], y[of])
                )
        return rows

    def _coverage(self, examples: Examples, day: date, uncertainty: tuple[float, float] | None) -> float:
        """Share of groups within their bounds; nan where no miss was known yet, without which none are given."""
        if uncertainty is None:
            return np.nan
        self.classifier.calibration.spread, self.classifier.season.doubt = uncertainty
        _, lower, upper = self.classifier.bounded(self.score, day)
        inside = [group.is_inside for group in groups_of(self.probability, lower, upper, examples.y[self.at])]
        return float(np.mean(inside))


def _effects(examples: Examples, period: periods.Period, classifier: Classifier) -> Vector:
    """(rows, features): of each feature on the log-odds of the rows that the classifier was calibrated with."""
    _, calibrate, _ = periods.masks(period, examples.snapshot_dates, examples.fold)
    x = examples.columns(classifier.model)[np.flatnonzero(calibrate)]
    return classifier.score(x, max(period.calibrate))[-1]


def _unseen_scores(examples: Examples, learn: npt.NDArray[np.intp], rows: Labels, fit: Fit) -> Vector:
    """Log-odds of some rows from models that learnt from other customers."""
    part, score = examples.fold % INNER_FOLDS, np.zeros(len(rows))
    for unseen in range(INNER_FOLDS):
        others = learn[part[learn] != unseen]
        model = fit(examples.x[others], examples.y[others], examples.features)
        at = np.flatnonzero(rows & (part == unseen))
        score[at] = _log_odds(model, model.contributions(examples.columns(model)[at]))
    return score[rows]


def _log_odds(model: AdditiveModel, contributions: Vector) -> Vector:
    return model.intercept + contributions.sum(axis=1)


def _flat(y: Labels) -> Calibration:
    """The rate for everyone, within the two standard errors that a rate has at most."""
    rate, half = (y.sum() + 0.5) / (len(y) + 1), 1 / np.sqrt(len(y) + 1)
    return Calibration(
        0.0, logit(rate), np.zeros(1), np.array([max(0.0, rate - half)]), np.array([min(1.0, rate + half)])
    )
