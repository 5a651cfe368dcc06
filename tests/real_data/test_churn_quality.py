"""The churn estimator on public data, by the protocols of the bench, beside what other tools are known to reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.quality import online_retail, telco
from bench.quality.online_retail_data import connect, customers
from clientele.ml import metrics
from clientele.ml.calibration import groups_of
from clientele.ml.classifier import LEARNERS, Classifier, Examples
from clientele.ml.feature_table import choose_features, matrix
from clientele.ml.periods import fold_of, shipped

CATBOOST = {"auc": 0.8456, "brier": 0.1353}  # 1.2.10 as it comes, in these five folds and five more


def test_telco_is_told_no_worse_than_by_catboost(real_data: Path) -> None:
    table, y = telco.customers(real_data / "telco_churn")
    found = []
    for learn, test in telco.folds(y, repeats=1):
        rows = table.take(learn)
        features = choose_features(rows, rows.column_names)
        days, fold = np.full(len(learn), np.datetime64(telco.DAY)), fold_of([str(place) for place in learn])
        examples = Examples(matrix(rows, features), y[learn], features, days, fold)
        fitted = Classifier.fit(examples, shipped([telco.DAY], 30), LEARNERS["blend"], 42)
        probability, *_ = fitted.score(matrix(table.take(test), features), telco.DAY)
        found.append(metrics.of_probabilities(probability, y[test]))
    mean = {metric: np.mean([one[metric] for one in found]) for metric in ("auc", "brier", "ece")}
    assert mean["auc"] >= CATBOOST["auc"]
    assert mean["brier"] <= CATBOOST["brier"]
    assert mean["ece"] <= 0.035


@pytest.fixture(scope="module")
def online_retail_rows(real_data: Path) -> tuple:
    with connect(real_data / "online_retail") as con:
        return customers(con, online_retail.SNAPSHOTS), customers(con, [online_retail.TEST])


def test_the_population_and_rates_of_the_cuts(online_retail_rows: tuple) -> None:
    train, test = online_retail_rows
    newest = train["snapshot_date"].to_numpy().astype("datetime64[D]") == np.datetime64(online_retail.TRAIN)
    assert (newest.sum(), test.num_rows) == (2_808, 3_367)
    assert online_retail.outcome(train)[newest].mean() == pytest.approx(0.521, abs=0.001)
    assert online_retail.outcome(test).mean() == pytest.approx(0.430, abs=0.001)


def test_online_retail_in_september_as_told_in_june(online_retail_rows: tuple) -> None:
    train, test = online_retail_rows
    y = online_retail.outcome(test)
    best, told = online_retail.ours(train, test, seed=42)
    measured = metrics.of_probabilities(told["champion"][0], y)
    assert measured["auc"] >= online_retail.AUC
    assert measured["brier"] <= online_retail.BRIER
    assert np.mean([group.is_inside for group in groups_of(*told["champion"], y)]) >= 0.9
    assert measured["auc"] > metrics.of_probabilities(told["base_rate"][0], y)["auc"] + 0.2
    assert best.period.learn[-1] == online_retail.TRAIN
