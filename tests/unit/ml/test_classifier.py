"""Learning and calibrating on the same snapshots without being taken in by what was learnt by heart."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest

from clientele.ml.calibration import expit
from clientele.ml.classifier import Classifier, Examples
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
