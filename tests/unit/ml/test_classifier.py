"""Learning and calibrating on the same snapshots without being taken in by what was learnt by heart."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest

from clientele.ml.calibration import expit
from clientele.ml.classifier import LEARNERS, Candidate, Classifier, Examples, fit_candidates
from clientele.ml.feature_table import Feature
from clientele.ml.periods import fold_of, shipped

DAYS = [date(2025, 1, 1), date(2025, 4, 1)]


@dataclass
class Memory:
    """Knows the outcome of every value that it has seen, and nothing else."""

    features: list[Feature]
    known: dict[float, bool]
    intercept: float = 0.0

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, features: list[Feature]) -> "Memory":
        return cls(features, dict(zip(x[:, 0].tolist(), y.tolist(), strict=True)))

    def contributions(self, x: np.ndarray) -> np.ndarray:
        told = {True: 5.0, False: -5.0, None: 0.0}
        return np.array([[told[self.known.get(value)]] for value in x[:, 0].tolist()])

    def to_state(self) -> dict[str, Any]:
        return {}


def examples(customers: int = 600) -> Examples:
    """Each customer is an own value at all snapshots, and outcomes that nothing tells."""
    rng = np.random.default_rng(6)
    n = customers * len(DAYS)
    x = np.tile(np.arange(customers, dtype=float), len(DAYS))[:, None]
    dates = np.repeat(np.array(DAYS, dtype="datetime64[D]"), customers)
    fold = np.tile(fold_of([f"C{n}" for n in range(customers)]), len(DAYS))
    return Examples(x, np.repeat(rng.random(n // 2) < 0.3, 2)[rng.permutation(n)], [Feature("id")], dates, fold)


def test_a_model_that_knows_its_customers_by_heart_is_not_believed() -> None:
    """Calibrated on what it had seen, it would give some of them 1 and others 0."""
    data = examples()
    classifier = Classifier.fit(data, shipped(DAYS, 90), Memory.fit, 42)
    probability, *_ = classifier.score(data.x, DAYS[-1])
    assert probability == pytest.approx(data.y[600:].mean(), abs=0.1)


def test_the_newest_snapshot_is_learnt_from() -> None:
    classifier = Classifier.fit(examples(), shipped(DAYS, 90), Memory.fit, 42)
    newest = dict(zip(examples().x[600:, 0].tolist(), examples().y[600:].tolist(), strict=True))
    assert classifier.model.known == newest
    assert 0 < expit(classifier.calibration.offset) < 0.5


def moving(last_rate: float, months: int = 12, customers: int = 400) -> Examples:
    """Monthly snapshots of which each has another rate; that of the last is given."""
    rng, days = np.random.default_rng(8), np.datetime64("2024-01-01") + 30 * np.arange(months)
    x, rate = rng.normal(size=(months, customers)), rng.uniform(0.3, 0.6, months)
    rate[-1] = last_rate
    y = rng.random((months, customers)) < expit(x + np.log(rate / (1 - rate))[:, None])
    fold = np.tile(fold_of([f"C{n}" for n in range(customers)]), months)
    return Examples(x.reshape(-1, 1), y.ravel(), [Feature("x")], np.repeat(days, customers), fold)


def test_what_is_said_of_a_period_does_not_know_what_came_after_it() -> None:
    """The bounds of a backtest allow for the misses that were known on its day, not for those of later months."""

    def measured(last_rate: float) -> dict[str, dict[str, Any]]:
        learners = {"logistic_regression": LEARNERS["logistic_regression"]}
        candidate: Candidate = fit_candidates(moving(last_rate), 30, learners, seed=42)[0]
        return {row["period"]: row for row in candidate.performance if row["group_name"] == "all"}

    calm, wild = measured(0.4), measured(0.97)
    newest, middle, oldest = sorted(calm, reverse=True)
    assert calm[middle] == wild[middle]
    assert 0 <= calm[middle]["bounds_coverage"] < 1
    assert wild[newest]["bounds_coverage"] < calm[newest]["bounds_coverage"]
    assert np.isnan(calm[oldest]["bounds_coverage"])
