"""Customer lifetime value end to end, on a simulated company and where there is little or nothing to learn from."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import clv
from clientele.ml.artifacts import pack, sha256, unpack
from clientele.ml.value_blend import Blend
from clientele.ml.value_model import Fitted, worth
from tests.unit.ml import value_company
from tests.unit.ml.value_company import FEATURES

NOTHING = {"share": 0.0, "mean": 0.0, "upper": 0.0, "is_known": True}
VALUES = [f"clv_{days}d{end}" for days in (90, 365) for end in ("", "_lower", "_upper")]


def fit(table: pa.Table, **options: Any) -> dict[str, clv.Candidate]:
    return {candidate.algorithm: candidate for candidate in clv.fit(table, FEATURES, seed=42, **options)}


def newest(table: pa.Table) -> pa.RecordBatch:
    dates = table["snapshot_date"].to_numpy()
    return table.filter(pa.array(dates == dates.max())).combine_chunks().to_batches()[0]


def overall(candidate: clv.Candidate, horizon: int) -> list[dict[str, Any]]:
    return [row for row in candidate.performance if row["group_name"] == "all" and row["horizon"] == horizon]


def assert_usable(scores: dict[str, np.ndarray], rows: int) -> None:
    for name, values in scores.items():
        assert len(values) == rows, name
        if name != "value_basis":
            assert np.isfinite(values).all(), name
            assert (values >= 0).all(), name
    for days in (90, 365):
        assert (scores[f"clv_{days}d_lower"] <= scores[f"clv_{days}d"]).all()
        assert (scores[f"clv_{days}d"] <= scores[f"clv_{days}d_upper"]).all()
        assert (scores[f"no_purchase_probability_{days}d"] <= 1).all()
    assert (scores["p_alive"] <= 1).all()


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return value_company.table(350, value_company.months(28, "2023-09"))


@pytest.fixture(scope="module")
def candidates(table: pa.Table) -> dict[str, clv.Candidate]:
    return fit(table)


@pytest.fixture(scope="module")
def champion(candidates: dict[str, clv.Candidate]) -> Fitted:
    chosen = clv.choose(list(candidates.values()))
    assert chosen is not None
    assert chosen.fitted is not None
    return chosen.fitted


def test_every_algorithm_is_measured_out_of_time(candidates: dict[str, clv.Candidate]) -> None:
    assert set(candidates) == {
        "bg_nbd_gamma_gamma",
        "pareto_nbd_gamma_gamma",
        "truncated_nbd_gamma_gamma",
        "two_part_boosting",
        "blend",
        "recent_spend",
    }
    for candidate in candidates.values():
        assert candidate.fitted is not None
        assert [row["protocol"] for row in overall(candidate, 90)] == ["out of time"] * 3
        assert [row["protocol"] for row in overall(candidate, 365)] == ["out of time"]
        tenths = [row for row in candidate.performance if row["group_name"] == "value_tenth"]
        assert len(tenths) == 10 * 4


def test_the_champion_beats_last_years_spend(candidates: dict[str, clv.Candidate], champion: Fitted) -> None:
    chosen, rule = candidates[champion.algorithm], candidates["recent_spend"]
    for horizon in (90, 365):
        assert chosen.mean("mae", horizon) < rule.mean("mae", horizon)
        assert chosen.mean("gini", horizon) > rule.mean("gini", horizon)


def test_bounds_cover_what_they_promise(candidates: dict[str, clv.Candidate], champion: Fitted) -> None:
    assert 0.87 < candidates[champion.algorithm].mean("bounds_coverage") < 0.94


@pytest.mark.parametrize(
    "algorithm", ["bg_nbd_gamma_gamma", "truncated_nbd_gamma_gamma", "two_part_boosting", "blend", "recent_spend"]
)
def test_scores_are_finite_for_everyone(table: pa.Table, candidates: dict[str, clv.Candidate], algorithm: str) -> None:
    batch = newest(table)
    fitted = candidates[algorithm].fitted
    assert fitted is not None
    scores = fitted.score(batch)
    assert_usable(scores, batch.num_rows)
    assert scores["clv_365d"].mean() > scores["clv_90d"].mean()
    for end in ("", "_lower", "_upper"):
        assert (scores[f"clv_365d{end}"] >= scores[f"clv_90d{end}"]).all()


def test_customers_without_orders_get_the_mean_of_such_customers(table: pa.Table, champion: Fitted) -> None:
    batch = newest(table)
    none = batch.column("n_orders_lifetime").to_numpy() == 0
    scores = champion.score(batch)
    assert none.any()
    assert set(scores["value_basis"][none]) == {"no orders yet: mean of such customers"}
    assert set(scores["value_basis"][~none]) == {"orders"}
    assert len(set(scores["clv_90d"][none])) == 1
    assert scores["clv_90d"][none][0] < scores["clv_90d"][~none].mean()


def test_batches_add_up_to_the_whole(table: pa.Table, champion: Fitted) -> None:
    batch = newest(table)
    whole = champion.score(batch)
    parts = [champion.score(batch.slice(at, 100)) for at in range(0, batch.num_rows, 100)]
    for name, values in whole.items():
        assert np.array_equal(np.concatenate([part[name] for part in parts]), values), name
    assert all(len(values) == 0 for values in champion.score(batch.slice(0, 0)).values())


def test_it_survives_being_stored(table: pa.Table, candidates: dict[str, clv.Candidate]) -> None:
    """The blend holds every kind of model."""
    fitted = candidates["blend"].fitted
    assert fitted is not None
    artifact = pack(fitted.to_state())
    again = Fitted.from_state(unpack(artifact, sha256(artifact)))
    before, after = fitted.score(newest(table)), again.score(newest(table))
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_margin_and_discount_scale_values_and_metrics(table: pa.Table) -> None:
    """A purchase model is enough to see it, so the cheap horizon is."""
    few = table.filter(pa.array(table["snapshot_date"].to_numpy() >= np.datetime64("2025-06-01")))
    plain = fit(few, horizons=(90,))["bg_nbd_gamma_gamma"]
    scaled = fit(few, horizons=(90,), gross_margin_share=0.4, annual_discount_rate=0.2)["bg_nbd_gamma_gamma"]
    assert plain.fitted is not None
    assert scaled.fitted is not None
    unit = worth(90, 0.4, 0.2)
    assert 0.38 < unit < 0.4
    before, after = plain.fitted.score(newest(few)), scaled.fitted.score(newest(few))
    for name in ("clv_90d", "clv_90d_lower", "clv_90d_upper"):
        assert after[name] == pytest.approx(before[name] * unit)
    assert after["expected_spend"] == pytest.approx(before["expected_spend"])
    assert scaled.mean("mae") == pytest.approx(plain.mean("mae") * unit)
    assert scaled.loss == pytest.approx(plain.loss)


def test_the_same_data_and_seed_give_the_same_scores(table: pa.Table) -> None:
    few = table.filter(pa.array(table["snapshot_date"].to_numpy() >= np.datetime64("2025-06-01")))
    once, again = (fit(few, horizons=(90,))["blend"] for _ in range(2))
    assert once.performance == again.performance
    assert once.fitted is not None
    assert again.fitted is not None
    first, second = once.fitted.score(newest(few)), again.fitted.score(newest(few))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_importance_names_what_values_rest_on(table: pa.Table, candidates: dict[str, clv.Candidate]) -> None:
    fitted = candidates["two_part_boosting"].fitted
    assert fitted is not None
    sizes = clv.importance(fitted, pa.table(newest(table)), FEATURES, seed=1)
    assert set(sizes) == set(FEATURES)
    assert sizes["recency_days"] > 3 * sizes["country"]
    assert sizes["n_sessions_90d"] == 0


def young(table: pa.Table) -> pa.Table:
    """The last months alone, so that no year has passed."""
    return table.filter(pa.array(table["snapshot_date"].to_numpy() >= np.datetime64("2025-06-01")))


def test_a_horizon_that_has_not_passed_carries_the_other_on(table: pa.Table) -> None:
    table = young(table)
    made = fit(table)
    for algorithm in ("pareto_nbd_gamma_gamma", "two_part_boosting", "recent_spend"):
        candidate = made[algorithm]
        assert "365 days: no window has passed yet, 90 days are carried on" in candidate.message
        assert candidate.fitted is not None
        scores = candidate.fitted.score(newest(table))
        assert_usable(scores, newest(table).num_rows)
        has = scores["value_basis"] == "orders"
        assert scores["clv_365d"][has].sum() > 2 * scores["clv_90d"][has].sum()


def test_customers_without_orders_are_carried_on_at_the_same_rate(table: pa.Table) -> None:
    """Every third of them spends 30 within 90 days."""
    table = young(table)
    none, spend = table["n_orders_lifetime"].to_numpy() == 0, table["spend_next_90d"].to_numpy().copy()
    spend[none] = np.where(np.arange(none.sum()) % 3 == 0, 30.0, 0.0) + 0 * spend[none]
    place = table.schema.get_field_index("spend_next_90d")
    fitted = fit(table.set_column(place, "spend_next_90d", pa.array(spend, from_pandas=True)))["recent_spend"].fitted
    assert fitted is not None
    scores, has = fitted.score(newest(table)), newest(table).column("n_orders_lifetime").to_numpy() > 0
    of = {name: values[~has] for name, values in scores.items()}
    assert of["clv_90d"] == pytest.approx(10.0, rel=0.1)
    for end in ("", "_upper"):
        assert of[f"clv_365d{end}"] == pytest.approx(of[f"clv_90d{end}"] * 365 / 90)
    assert of["no_purchase_probability_365d"] == pytest.approx(of["no_purchase_probability_90d"] ** (365 / 90))
    assert of["expected_purchases_365d"] == pytest.approx(1 - of["no_purchase_probability_365d"])


def test_customers_without_orders_do_no_less_within_a_year_than_within_a_quarter_of_it() -> None:
    """Of last year's nobody began to buy, of this autumn's every other one did."""
    table = value_company.table(120, value_company.months(16))
    none = table["n_orders_lifetime"].to_numpy() == 0
    for days, spends in ((90, np.arange(len(none)) % 2 == 0), (365, np.zeros(len(none), dtype=bool))):
        known = table[f"spend_next_{days}d"].to_numpy().copy()
        known[none] = np.where(spends[none], 30.0, 0.0) + 0 * known[none]
        place = table.schema.get_field_index(f"spend_next_{days}d")
        table = table.set_column(place, f"spend_next_{days}d", pa.array(known, from_pandas=True))
    fitted = fit(table)["recent_spend"].fitted
    assert fitted is not None
    state = fitted.to_state()
    crossing = state | {"horizons": [*state["horizons"][:1], state["horizons"][1] | {"no_orders": NOTHING}]}
    for one in (fitted, Fitted.from_state(crossing)):  # a version of before, which promised less for longer
        scores = one.score(newest(table))
        assert scores["expected_purchases_90d"][scores["value_basis"] != "orders"].min() > 0.2
        for name in ("expected_purchases_{}d", "clv_{}d", "clv_{}d_upper"):
            of = scores["value_basis"] != "orders"
            assert (scores[name.format(365)][of] >= 0.9 * scores[name.format(90)][of]).all(), name
        assert (scores["expected_purchases_365d"] >= scores["expected_purchases_90d"]).all()
        assert (scores["p_alive"] <= 1).all()


def edge(customers: int, snapshots: list[date], **options: Any) -> tuple[pa.Table, dict[str, clv.Candidate]]:
    table = value_company.table(customers, snapshots, **options)
    return table, fit(table)


def assert_served(table: pa.Table, made: dict[str, clv.Candidate]) -> clv.Candidate:
    chosen = clv.choose(list(made.values()))
    assert chosen is not None
    for candidate in made.values():
        assert candidate.fitted is not None or candidate.message
        if candidate.fitted is not None:
            assert_usable(candidate.fitted.score(newest(table)), newest(table).num_rows)
    return chosen


def test_thirty_customers() -> None:
    table, made = edge(30, value_company.months(24))
    assert_served(table, made)
    assert "rows have spend" in made["two_part_boosting"].message or made["two_part_boosting"].fitted


def test_no_window_has_passed() -> None:
    table, made = edge(200, [date(2024, 5, 1), date(2024, 6, 1)])
    chosen = assert_served(table, made)
    assert chosen.algorithm.endswith("gamma_gamma")
    assert made["blend"].message == "no window has passed yet to learn from"
    assert chosen.performance == []
    assert chosen.fitted is not None
    assert "no orders yet: 0" in chosen.fitted.score(newest(table))["value_basis"]


def test_no_repeat_buyers() -> None:
    table, made = edge(150, value_company.months(15), rate=0.0)
    assert_served(table, made)
    assert "pooled rate" in made["bg_nbd_gamma_gamma"].message


def test_no_refunds_known() -> None:
    table, made = edge(150, value_company.months(12), refunds=False)
    assert_served(table, made)


@pytest.mark.parametrize("spends", [0.0, 25.0], ids=["nobody", "everybody alike"])
def test_one_outcome_only(spends: float) -> None:
    table = value_company.table(150, value_company.months(15))
    for days in (90, 365):
        known = table[f"spend_next_{days}d"].to_numpy()
        place = table.schema.get_field_index(f"spend_next_{days}d")
        table = table.set_column(place, f"spend_next_{days}d", pa.array(0 * known + spends, from_pandas=True))
    made = fit(table)
    chosen = assert_served(table, made)
    assert chosen.fitted is not None
    assert "rows have spend" in made["two_part_boosting"].message


def test_features_that_hold_nothing() -> None:
    """But those that say when a customer ordered."""
    table = value_company.table(150, value_company.months(15))
    for name in ("country", "refund_lifetime_share", "n_orders_90d", "spend_90d"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.nulls(len(table), table.schema.field(name).type))
    made = fit(table)
    assert_served(table, made)
    assert "country" not in made["two_part_boosting"].features


def test_nobody_ordered_yet() -> None:
    table = value_company.table(200, value_company.months(8))
    nobody = table.filter(pa.array(table["n_orders_lifetime"].to_numpy() == 0))
    made = fit(nobody)
    assert_served(nobody, made)


def test_one_customer_of_today() -> None:
    table = value_company.table(1, [date(2024, 6, 1)], seed=3)
    assert table.num_rows == 1
    assert_served(table, fit(table))


def test_no_rows_give_no_candidates() -> None:
    assert clv.fit(value_company.table(5).slice(0, 0), FEATURES, seed=1) == []
    assert clv.choose([]) is None


def measured(
    algorithm: str, *, d2: float, gini: float, periods: tuple[str, ...] = ("2025-01-01",), protocol: str = "out of time"
) -> clv.Candidate:
    row = {"group_name": "all", "horizon": 90, "protocol": protocol, "d2": d2, "gini": gini}
    rows = [row | {"period": period} for period in periods]
    return clv.Candidate(algorithm, fitted=object(), performance=rows)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rivals", "chosen"),
    [
        ([measured("blend", d2=0.5, gini=0.8), measured("two_part_boosting", d2=0.4, gini=0.9)], "blend"),
        ([measured("blend", d2=0.5, gini=0.6), measured("two_part_boosting", d2=0.4, gini=0.9)], "two_part_boosting"),
        ([measured("blend", d2=0.1, gini=0.8)], "recent_spend"),
        ([measured("blend", d2=0.9, gini=0.9, periods=("2024-01-01",))], "recent_spend"),
    ],
    ids=["least deviance", "ranks worse than the rule", "more deviance than the rule", "measured elsewhere"],
)
def test_the_rule_of_choice(rivals: list[clv.Candidate], chosen: str) -> None:
    winner = clv.choose([*rivals, measured("recent_spend", d2=0.2, gini=0.7)])
    assert winner is not None
    assert winner.algorithm == chosen


@pytest.mark.parametrize(
    ("protocol", "d2", "chosen"),
    [
        ("out of time", 0.495, "bg_nbd_gamma_gamma"),
        ("other customers, same time", 0.495, "blend"),
        ("other customers, same time", 0.48, "bg_nbd_gamma_gamma"),
    ],
)
def test_the_blend_has_the_better_of_a_near_tie_where_time_told_nothing(protocol: str, d2: float, chosen: str) -> None:
    rule = measured("recent_spend", d2=0.2, gini=0.7, protocol=protocol)
    rivals = [("blend", d2), ("bg_nbd_gamma_gamma", 0.5)]
    winner = clv.choose([*(measured(name, d2=d2, gini=0.8, protocol=protocol) for name, d2 in rivals), rule])
    assert winner is not None
    assert winner.algorithm == chosen


def test_a_long_horizon_is_not_learnt_from_snapshots_of_which_little_is_known(table: pa.Table) -> None:
    """A year has passed since the first months, but what a customer of a few weeks does next teaches little."""
    dates = table["snapshot_date"].to_numpy()
    age = np.nan_to_num(table["days_since_first_order"].to_numpy(), nan=0.0)
    # As if the data began a hundred days before the first snapshot.
    began = dates.min() - np.timedelta64(100, "D")
    known = (dates - began).astype("timedelta64[D]").astype(float)
    place = table.schema.get_field_index("days_since_first_order")
    old = table.set_column(place, "days_since_first_order", pa.array(np.minimum(age, known)))
    early = forgotten(old.filter(pa.array(dates < dates.min() + np.timedelta64(400, "D"))))
    made = fit(early)
    assert "365 days: too little is known before the windows that passed, 90 days are carried" in made["blend"].message
    assert {row["horizon"] for row in made["blend"].performance} == {90}
    chosen = clv.choose(list(made.values()))
    assert chosen is not None
    assert chosen.fitted is not None
    assert_usable(chosen.fitted.score(newest(early)), newest(early).num_rows)


@pytest.mark.parametrize(("first", "least", "most"), [("2024-09", 1.05, 1.6), ("2025-05", 2.5, 3.5)])
def test_the_level_of_one_season_is_not_that_of_the_year(
    table: pa.Table, first: str, least: float, most: float
) -> None:
    """In the newest quarter that is known everybody spends thrice as much; of the second company no year is known."""
    dates = table["snapshot_date"].to_numpy()
    table = table.filter(pa.array(dates >= np.datetime64(first, "D")))
    known = table["spend_next_90d"].to_numpy().copy()
    dates = table["snapshot_date"].to_numpy()
    is_newest = dates == dates[~np.isnan(known)].max()
    place = table.schema.get_field_index("spend_next_90d")
    thrice = table.set_column(place, "spend_next_90d", pa.array(np.where(is_newest, 3, 1) * known, from_pandas=True))
    scored = newest(table)
    made = [fit(of, horizons=(90,)) for of in (table, thrice)]
    for algorithm in ("bg_nbd_gamma_gamma", "truncated_nbd_gamma_gamma"):
        before, after = (candidates[algorithm].fitted for candidates in made)
        assert before is not None
        assert after is not None
        has = scored.column("n_orders_lifetime").to_numpy() > 0
        values = [one.score(scored)["clv_90d"][has].sum() for one in (before, after)]
        assert least < values[1] / values[0] < most


def test_a_blend_that_fails_leaves_the_boosted_model(table: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no weights were found")

    monkeypatch.setattr(Blend, "fit", fail)
    found = fit(table, horizons=(90,))
    assert found["two_part_boosting"].fitted is not None
    assert "no weights were found" not in found["two_part_boosting"].message
    assert found["blend"].fitted is None
    assert "no weights were found" in found["blend"].message


def forgotten(table: pa.Table) -> pa.Table:
    """Without the outcomes that lie beyond its last snapshot."""
    dates = table["snapshot_date"].to_numpy()
    for days in (90, 365):
        spend = table[f"spend_next_{days}d"].to_numpy().copy()
        spend[dates + np.timedelta64(days, "D") > dates.max()] = np.nan
        place = table.schema.get_field_index(f"spend_next_{days}d")
        table = table.set_column(place, f"spend_next_{days}d", pa.array(spend, from_pandas=True))
    return table
