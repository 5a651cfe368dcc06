"""The next purchase end to end: candidates from a table of customers at snapshots, scores for a batch."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import artifacts
from clientele.ml.calibration import expit
from clientele.ml.feature_table import matrix
from clientele.ml.next_purchase import Candidate, NextPurchase, fit
from clientele.ml.purchase_history import PurchaseHistory

NEWEST = date(2025, 1, 1)
MONTHS = [date(2024, month, 1) for month in range(1, 13)]
FEATURES = ["frequency", "channel", "empty"]


def snapshots(days: list[date], n: int, *, seed: int = 6, always: float | None = None) -> pa.Table:
    """`n` customers at each snapshot; those who buy often buy toys."""
    rng = np.random.default_rng(seed)
    dates = np.repeat(np.array(days, dtype="datetime64[D]"), n)
    frequency = rng.gamma(1.0, 1.5, len(dates))
    to_purchase = rng.exponential(60 / frequency) if always is None else np.full(len(dates), always)
    known = (np.datetime64(NEWEST) - dates).astype(float)
    bought = np.where(rng.random(len(dates)) < np.where(frequency > 1.5, 0.9, 0.2), "toys", "home")
    return pa.table(
        {
            "customer_id": [f"c{i}" for i in range(len(dates))],
            "snapshot_date": dates,
            "duration_days": np.minimum(to_purchase, known),
            "is_observed": to_purchase < known,
            "next_category": pa.array(bought, mask=to_purchase >= known),
            "categories": pa.array([["toys", "home"] if f > 1.5 else ["home"] for f in frequency]),
            "category_lines": pa.array([[8.0, 1.0] if f > 1.5 else [4.0] for f in frequency]),
            "frequency": frequency,
            "channel": np.where(frequency > 2, "web", "store"),
            "empty": pa.nulls(len(dates), pa.float64()),
            "country": ["DE"] * len(dates),
        }
    )


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    return fit(snapshots(MONTHS, 250), FEATURES, newest=NEWEST, seed=1)


@pytest.fixture(scope="module")
def fitted(candidates: list[Candidate]) -> NextPurchase:
    assert candidates[0].fitted
    return candidates[0].fitted


@pytest.fixture(scope="module")
def batch() -> pa.RecordBatch:
    return snapshots([NEWEST], 400, seed=7).combine_chunks().to_batches()[0]


def test_the_best_out_of_time_comes_first_and_the_rate_last(candidates: list[Candidate]) -> None:
    assert {one.algorithm for one in candidates} == {"logistic_regression", "base_rate"}
    assert candidates[-1].algorithm == "base_rate"
    assert candidates[0].log_loss < candidates[-1].log_loss - 0.02
    assert all(one.fitted and not one.message for one in candidates)
    assert candidates[0].importance["frequency"] > 0.1


def test_measured_at_every_horizon_out_of_time(candidates: list[Candidate]) -> None:
    rows = [row for row in candidates[0].performance if row["group_name"] == "all"]
    assert {row["horizon"] for row in rows} == {7, 30, 90, 365}
    assert {row["protocol"] for row in rows} == {"out of time"}
    assert all(row["auc"] > 0.6 for row in rows if "auc" in row)
    groups = {(row["group_name"], row["group_value"]) for row in candidates[0].performance}
    assert ("country", "DE") in groups


def test_dates_come_true_as_often_as_they_say(candidates: list[Candidate]) -> None:
    (dates,) = [row for row in candidates[0].performance if row["horizon"] == 365]
    assert dates["share_before_lower"] == pytest.approx(0.1, abs=0.08)
    assert dates["share_before_median"] == pytest.approx(0.5, abs=0.13)
    assert dates["share_before_upper"] == pytest.approx(0.9, abs=0.08)
    assert dates["interval_coverage"] == pytest.approx(0.8, abs=0.13)
    assert dates["category_accuracy"] > dates["category_accuracy_company_most_frequent"]


def test_scores_are_monotone_and_within_their_bounds(fitted: NextPurchase, batch: pa.RecordBatch) -> None:
    scores = fitted.score(batch)
    p, lower, upper = (
        np.column_stack([scores[f"p_purchase_{days}d{name}"] for days in (7, 30, 90)])
        for name in ("", "_lower", "_upper")
    )
    assert (np.diff(p, axis=1) >= 0).all()
    assert ((lower <= p) & (p <= upper)).all()
    assert ((lower >= 0) & (upper <= 1)).all()
    assert np.ptp(p[:, 1]) > 0.3


def test_dates_lie_in_order_after_the_snapshot(fitted: NextPurchase, batch: pa.RecordBatch) -> None:
    scores = fitted.score(batch)
    lower, median, upper = (scores[f"expected_date{name}"] for name in ("_lower", "", "_upper"))
    known = ~np.isnat(median)
    assert known.mean() > 0.5
    assert (lower[known] <= median[known]).all()
    assert (lower[known] >= np.datetime64(NEWEST)).all()
    both = ~np.isnat(upper)
    assert (median[both] <= upper[both]).all()
    assert (upper[both] <= np.datetime64("2026-01-01")).all()
    likely = scores["p_purchase_30d"] > 0.5
    assert (median[likely] <= np.datetime64("2025-01-31")).all()


def test_the_category_is_the_customers_own(fitted: NextPurchase, batch: pa.RecordBatch) -> None:
    scores = fitted.score(batch)
    often = batch.column("frequency").to_numpy() > 1.5
    assert set(scores["likely_category"][often]) == {"toys"}
    assert set(scores["likely_category"][~often]) == {"home"}
    assert ((scores["likely_category_probability"] > 0.5) & (scores["likely_category_probability"] < 1)).all()


def test_a_batch_scores_as_its_parts(fitted: NextPurchase, batch: pa.RecordBatch) -> None:
    whole, parts = fitted.score(batch), [fitted.score(batch.slice(0, 150)), fitted.score(batch.slice(150))]
    for name, column in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), column)


def test_an_empty_batch_gives_empty_columns(fitted: NextPurchase, batch: pa.RecordBatch) -> None:
    scores = fitted.score(batch.slice(0, 0))
    assert {len(column) for column in scores.values()} == {0}
    assert scores["expected_date"].dtype == np.dtype("datetime64[D]")


def test_several_snapshots_in_a_batch_are_refused(fitted: NextPurchase) -> None:
    with pytest.raises(ValueError, match="one snapshot, not of 2024-11-01 and 2024-12-01"):
        fitted.score(snapshots(MONTHS[-2:], 5))


def test_stored_as_data_it_scores_the_same(fitted: NextPurchase, batch: pa.RecordBatch) -> None:
    packed = artifacts.pack(fitted.to_state())
    again = NextPurchase.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    for name, column in fitted.score(batch).items():
        np.testing.assert_array_equal(again.score(batch)[name], column)


def test_a_past_day_knows_no_later_purchase() -> None:
    history = PurchaseHistory.of(snapshots(MONTHS, 40), FEATURES, NEWEST)
    then = history.as_of(date(2024, 4, 1))
    assert set(then.durations.snapshot_dates.tolist()) == set(MONTHS[:3])
    assert then.counts.n_customers == len(then.fold) == len(then.bought) == 120
    np.testing.assert_array_equal(np.asarray(then.bought.is_valid()), then.durations.observed)
    assert set(then.examples(30).snapshot_dates.tolist()) == set(MONTHS[:3])
    assert set(then.examples(90).snapshot_dates.tolist()) == {MONTHS[0]}
    assert not then.examples(365).y.size


def test_rows_may_come_in_any_order() -> None:
    table = snapshots(MONTHS[:3], 20)
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(60)))
    history = PurchaseHistory.of(shuffled, FEATURES, NEWEST)
    assert (np.diff(history.durations.snapshot_dates.astype(int)) >= 0).all()
    for row, customer in enumerate(np.argsort(shuffled["snapshot_date"].to_numpy(), kind="stable")):
        assert history.durations.days[row] == shuffled["duration_days"][int(customer)].as_py()


@pytest.mark.parametrize("days", [1.0, 10_000.0])
def test_everyone_or_nobody_buys(days: float) -> None:
    best, *others = fit(snapshots(MONTHS, 30, always=days), FEATURES, newest=NEWEST, seed=1)
    assert best.algorithm == "base_rate"
    assert all(one.fitted is None and "of each are needed" in one.message for one in others)
    scores = best.fitted.score(snapshots([NEWEST], 5))
    if days == 1.0:
        assert (scores["p_purchase_7d"] > 0.95).all()
        assert (scores["expected_date"] < np.datetime64("2025-01-08")).all()
    else:
        assert (scores["p_purchase_90d"] < 0.05).all()
        assert np.isnat(scores["expected_date"]).all()
        assert set(scores["likely_category"]) == {None}


def test_thirty_customers() -> None:
    best, *_ = fit(snapshots(MONTHS[-4:], 30), FEATURES, newest=NEWEST, seed=1)
    assert best.fitted
    scores = best.fitted.score(snapshots([NEWEST], 30))
    assert np.isfinite(scores["p_purchase_90d"]).all()


def test_nobody_was_watched_long_enough() -> None:
    (only,) = fit(snapshots(MONTHS[-2:], 30), FEATURES, newest=NEWEST, seed=1)
    assert only.fitted is None
    assert only.message == "no customer has been watched for 90 days yet"
    assert fit(snapshots(MONTHS, 1).slice(0, 0), FEATURES, newest=NEWEST, seed=1) == []


def test_nothing_known_of_anyone() -> None:
    table = snapshots(MONTHS, 60)
    for name in FEATURES:
        table = table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, pa.float64()))
    best, *_ = fit(table, FEATURES, newest=NEWEST, seed=1)
    assert best.algorithm == "base_rate"
    scores = best.fitted.score(snapshots([NEWEST], 5))
    assert np.ptp(scores["p_purchase_30d"]) == 0
    assert scores["reason_1"].null_count == scores["reason_1_effect"].null_count == 5


def test_reasons_and_the_average_customer_add_up_to_the_odds_within_thirty_days(
    fitted: NextPurchase, batch: pa.RecordBatch
) -> None:
    scores, classifier = fitted.score(batch), fitted.classifiers[30]
    effects = np.column_stack([np.nan_to_num(np.asarray(scores[f"reason_{rank}_effect"])) for rank in (1, 2, 3)])
    assert (np.diff(np.abs(effects), axis=1) <= 0).all()
    average = classifier.model.intercept * classifier.calibration.slope + classifier.calibration.offset
    probability, *_ = classifier.score(matrix(batch, fitted.features), NEWEST)
    told = average + classifier.season.shift(NEWEST) + effects.sum(axis=1)  # three features at most hold something
    np.testing.assert_allclose(expit(told), probability, atol=1e-9)
    named = np.asarray(scores["reason_1"]) == "frequency"
    np.testing.assert_array_equal(np.asarray(scores["reason_1_value"])[named], batch["frequency"].to_numpy()[named])
