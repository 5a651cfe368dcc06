"""How good a forecast was."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from clientele.ml import metrics


def test_an_auc_by_chance_is_exceeded_once_in_twenty() -> None:
    rng = np.random.default_rng(5)
    periods = [(200, 12), (240, 15)]
    labels = [np.arange(n) < positive for n, positive in periods]
    drawn = np.array([np.mean([roc_auc_score(y, rng.random(len(y))) for y in labels]) for _ in range(2000)])
    bound = metrics.auc_by_chance([{"n": n, "base_rate": positive / n} for n, positive in periods])
    assert np.mean(drawn > bound) == pytest.approx(0.05, abs=0.015)


def test_one_class_alone_has_no_auc_to_exceed() -> None:
    assert np.isnan(metrics.auc_by_chance([{"n": 30, "base_rate": 0.0}, {"n": 30, "base_rate": 0.5}]))
    assert np.isnan(metrics.auc_by_chance([]))
