"""Time to the next purchase: rows by landmarking, measured out of time, scored as published columns."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import artifacts
from clientele.ml.log_logistic import INTERCEPT_ONLY, RATE_ONLY
from clientele.ml.survival import NEXT_PURCHASE, SUBSCRIPTION_END, Durations, Survival, fit

NEWEST = date(2025, 1, 1)
FIRST = date(2024, 1, 1)
MONTHS = [date(2024, month, 1) for month in range(1, 13)]


def snapshots(days: list[date], n: int, *, seed: int = 5, rate: float | None = None, moved: float = 0.0) -> pa.Table:
    """`n` customers at each snapshot, who buy at random times that go with their `frequency`.

    At each snapshot times are longer or shorter, by about `moved` of their logarithm.
    """
    rng = np.random.default_rng(seed)
    dates = np.repeat(np.array(days, dtype="datetime64[D]"), n)
    frequency = rng.gamma(2.0, 1.0, len(dates))
    to_event = rng.exponential(90 / frequency) if rate is None else np.full(len(dates), rate)
    to_event *= np.exp(np.repeat(np.random.default_rng(seed).normal(0, moved, len(days)), n))
    known = (np.datetime64(NEWEST) - dates).astype(float)
    return pa.table(
        {
            "customer_id": [f"c{i}" for i in range(len(dates))],
            "snapshot_date": dates,
            "duration_days": np.minimum(to_event, known),
            "is_observed": to_event < known,
            "frequency": frequency,
            "channel": np.where(frequency > 2, "web", "store"),
            "empty": pa.nulls(len(dates), pa.float64()),
        }
    )


def fitted(table: pa.Table, **options: object):
    return fit(table, ["frequency", "channel", "empty"], newest=NEWEST, seed=1, **options)


def test_the_better_out_of_time_comes_first() -> None:
    best, reference = fitted(snapshots(MONTHS, 150))
    assert best.algorithm == "log_logistic_aft"
    assert reference.algorithm == INTERCEPT_ONLY
    assert best.log_likelihood > reference.log_likelihood + 0.05
    assert list(best.importance) == [feature.name for feature in best.fitted.features]
    assert best.learnt == tuple(MONTHS)


def test_measured_after_what_was_known() -> None:
    best, _ = fitted(snapshots(MONTHS, 150))
    periods = {row["period"] for row in best.performance}
    assert periods == {"2024-07-01", "2024-04-01"}  # known for 180 days, at least 90 apart, never the first
    rows = [row for row in best.performance if row["horizon"] == 90]
    assert [row["n"] for row in rows] == [150, 150]
    assert all(row["auc"] > 0.65 for row in rows)
    whole = [row for row in best.performance if row["horizon"] == 365]
    assert [row["limit_days"] for row in whole] == [184, 275]
    assert all(0 < row["integrated_brier"] < 0.15 for row in whole)
    assert abs(whole[0]["bias"]) < 0.15


def test_every_group_is_measured_beside_all() -> None:
    table = snapshots(MONTHS, 150)
    country = np.where(np.arange(table.num_rows) % 3 == 0, "FR", "DE")
    best, _ = fitted(table.append_column("country", pa.array(country, mask=np.arange(table.num_rows) % 10 == 0)))
    for period in {row["period"] for row in best.performance}:
        for horizon in (30, 60, 90, 180, 365):
            rows = [row for row in best.performance if (row["period"], row["horizon"]) == (period, horizon)]
            n = {(row["group_name"], row["group_value"]): row["n"] for row in rows}
            assert n == {("all", "all"): 150, ("country", "DE"): 90, ("country", "FR"): 45, ("country", "unknown"): 15}
    assert best.log_likelihood == pytest.approx(fitted(table)[0].log_likelihood)


def test_bounds_hold_groups_of_customers_to_come() -> None:
    """Levels that move from month to month, by which no feature knows a customer."""
    days = [date(2023, 1, 1) + timedelta(days=30 * month) for month in range(24)]
    table = snapshots(days, 400, moved=0.3)
    best, _ = fitted(table)
    rows = [row for row in best.performance if "bounds_coverage" in row]
    assert {row["horizon"] for row in rows} == {30, 60, 90, 180}
    assert (
        np.mean([row["bounds_coverage"] for row in rows]) > 0.8
    )  # the largest move of six months is passed by one in 7
    assert (best.fitted.spread > 0.1).all()
    alone = Survival(best.fitted.event, best.fitted.model)
    last = Durations.of(table, [f.name for f in best.fitted.features]).at(days[-4])
    known = (NEWEST - days[-4]).days
    inside = [np.mean([g.is_inside for g in one.groups(last, known)[30]]) for one in (alone, best.fitted)]
    assert inside[0] < 0.8 < inside[1]


def test_a_horizon_that_no_past_is_known_for_is_as_doubtful_as_the_one_before() -> None:
    best, _ = fitted(snapshots(MONTHS[-5:], 200))  # the first is known for 153 days
    assert {row["horizon"] for row in best.performance} == {30, 60, 90, 365}
    assert best.fitted.spread[3] == best.fitted.spread[:3].max()
    young, *_ = fitted(snapshots(MONTHS[-1:], 200))
    assert young.performance == []
    assert (young.fitted.spread == 0).all()
    scores = young.fitted.score(snapshots([NEWEST], 5))
    assert (scores["p_no_purchase_30d_lower"] < scores["p_no_purchase_30d_upper"]).all()


def test_a_past_day_knows_nothing_of_what_came_later() -> None:
    durations = Durations.of(snapshots(MONTHS, 20), ["frequency"])
    then = durations.as_of(date(2024, 3, 1))
    assert set(then.snapshot_dates.tolist()) == {FIRST, date(2024, 2, 1)}
    assert (then.days <= (np.datetime64("2024-03-01") - then.snapshot_dates).astype(float)).all()
    bought_on_the_day = durations.as_of(FIRST + timedelta(days=1))
    assert (bought_on_the_day.days[bought_on_the_day.observed] < 1).all()


def test_snapshots_before_the_same_event_of_a_customer_share_its_number() -> None:
    ends = {"a": date(2024, 6, 1), "b": date(2024, 6, 1), "again": date(2024, 3, 15)}
    rows = [
        (customer, day, float((end - day).days) + 0.3) for customer, end in ends.items() for day in MONTHS if day < end
    ]
    rows += [("again", MONTHS[4], 10.3)]
    table = pa.table(
        {
            "customer_id": [customer for customer, *_ in rows],
            "snapshot_date": [day for _, day, _ in rows],
            "duration_days": [days for *_, days in rows],
            "is_observed": [True] * len(rows),
        }
    )
    events = Durations.of(table, []).events
    assert [len(set(events[[i for i, row in enumerate(rows) if row[0] == customer]])) for customer in ends] == [1, 1, 2]
    assert len(set(events)) == 4


def test_scores_say_what_they_are_and_stay_finite() -> None:
    best, _ = fitted(snapshots(MONTHS, 150))
    batch = snapshots([NEWEST], 200).to_batches()[0]
    scores = best.fitted.score(batch)
    assert tuple(scores) == NEXT_PURCHASE.columns
    assert tuple(scores) == (
        *(f"p_no_purchase_{days}d{end}" for days in (30, 60, 90, 180) for end in ("", "_lower", "_upper")),
        "mean_days_to_purchase_365d",
    )
    curve, lower, upper = (np.column_stack(list(scores.values())[at:12:3]) for at in range(3))
    for one in (curve, lower, upper):
        assert (np.diff(one, axis=1) <= 0).all()
        assert ((one > 0) & (one < 1)).all()
    assert ((lower < curve) & (curve < upper)).all()
    assert ((scores["mean_days_to_purchase_365d"] > 0) & (scores["mean_days_to_purchase_365d"] < 365)).all()
    parts = [best.fitted.score(batch.slice(0, 120)), best.fitted.score(batch.slice(120))]
    np.testing.assert_array_equal(np.concatenate([p["p_no_purchase_30d"] for p in parts]), scores["p_no_purchase_30d"])


def test_an_empty_batch_gives_empty_columns() -> None:
    best, _ = fitted(snapshots(MONTHS, 150))
    scores = best.fitted.score(snapshots([NEWEST], 1).slice(1))
    assert [len(column) for column in scores.values()] == [0] * 13


def test_stored_as_data_it_scores_the_same() -> None:
    best, _ = fitted(snapshots(MONTHS, 150), event=SUBSCRIPTION_END)
    packed = artifacts.pack(best.fitted.to_state())
    again = Survival.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    batch = snapshots([NEWEST], 50)
    assert "p_subscribed_90d" in again.score(batch)
    for name, column in best.fitted.score(batch).items():
        np.testing.assert_array_equal(again.score(batch)[name], column)


def test_no_rows_give_no_candidates() -> None:
    assert fitted(snapshots([NEWEST], 30)) == []  # nothing is known of any of them yet
    assert fitted(snapshots(MONTHS, 1).slice(0, 0)) == []


def test_thirty_customers_and_one_snapshot() -> None:
    best, *_ = fitted(snapshots([FIRST], 30))
    assert best.performance == []
    assert np.isnan(best.log_likelihood)
    assert np.isfinite(best.fitted.score(snapshots([NEWEST], 30))["mean_days_to_purchase_365d"]).all()


@pytest.mark.parametrize(("days", "algorithm"), [(10_000.0, RATE_ONLY), (1.0, INTERCEPT_ONLY)])
def test_all_alike(days: float, algorithm: str) -> None:
    best, *others = fitted(snapshots(MONTHS, 20, rate=days))
    assert best.algorithm == algorithm
    assert others == []
    assert all(np.isfinite(row["brier"]) for row in best.performance if "brier" in row)
    scores = best.fitted.score(snapshots([NEWEST], 5))
    assert (scores["p_no_purchase_30d"] > 0.99).all() if days > 365 else (scores["p_no_purchase_30d"] < 0.01).all()
