"""The churn model over tables as dbt hands them over, also where there is little or nothing to learn from."""

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from clientele.ml import churn
from clientele.ml.artifacts import ArtifactError
from clientele.ml.calibration import expit

MONTHS = [date(2024 + m // 12, m % 12 + 1, 1) for m in range(24)]
RUN = {
    "run_id": "a-run", "scored_at": datetime(2026, 3, 15), "snapshot_date": date(2026, 3, 15), "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
    "churn_horizon_days": 90, "has_subscriptions": False,
}  # fmt: skip


def training_set(
    customers: int = 150, months: list[date] = MONTHS, *, seed: int = 7, rate: float | None = None, **columns: Any
) -> pa.Table:
    """Customers who churn the more the longer they have not ordered; `rate` 0 or 1 makes all outcomes equal."""
    rng = np.random.default_rng(seed)
    n = customers * len(months)
    recency = rng.exponential(60, n)
    churned = rng.random(n) < expit((recency - 60) / 30) if rate is None else np.full(n, bool(rate))
    return pa.table(
        {
            "customer_id": [f"C{c}" for _ in months for c in range(customers)],
            "snapshot_date": pa.array([month for month in months for _ in range(customers)], pa.date32()),
            "churn_type": ["non_contractual"] * n,
            "is_churned": churned,
            "recency_days": recency,
            "n_orders_lifetime": rng.poisson(3, n) + 1,
            "country": rng.choice(["DE", "FR", "IT"], n),
            "first_ordered_at": pa.nulls(n, pa.timestamp("us")),
            "n_sessions_90d": pa.nulls(n, pa.int64()),
            **columns,
        }
    )


def rows(table: pa.Table) -> dict[str, dict]:
    return {row["algorithm"]: row for row in table.to_pylist()}


def champion_of(table: pa.Table) -> pa.Table:
    return table.filter(table["is_promoted"])


@pytest.fixture(scope="module")
def fitted() -> pa.Table:
    return churn.fit(training_set(), RUN, None)


def test_one_version_of_each_fit_is_promoted_with_its_gates_and_measurements(fitted: pa.Table) -> None:
    (champion,) = champion_of(fitted).to_pylist()
    gates = json.loads(champion["gates_json"])
    assert gates.pop("not_worse_than_champion") == "not compared: no champion yet"
    assert all(gate.startswith("passed") for gate in gates.values())
    periods = [row for row in json.loads(champion["performance_json"]) if row["group_name"] == "all"]
    assert len(periods) == 3
    assert all(row["auc"] > 0.7 and row["protocol"] == "out of time" for row in periods)
    losses = {
        name: np.mean([p["log_loss"] for p in json.loads(row["performance_json"]) if p["group_name"] == "all"])
        for name, row in rows(fitted).items()
        if row["status"] != "failed"
    }
    assert champion["algorithm"] == min(losses, key=losses.__getitem__)
    assert rows(fitted)["clv_no_order"]["status"] == "failed"  # these customers have no days_since_first_order


def test_columns_that_hold_nothing_and_times_are_left_out(fitted: pa.Table) -> None:
    assert json.loads(rows(fitted)["logistic_regression"]["features_json"]) == [
        "recency_days", "n_orders_lifetime", "country",
    ]  # fmt: skip


def test_same_data_and_seed_give_the_same_version_and_scores(fitted: pa.Table) -> None:
    again = churn.fit(training_set(), RUN, None)
    assert again["model_version"] == fitted["model_version"]
    one, two = (score(table) for table in (fitted, again))
    assert one.drop_columns(["run_id"]) == two.drop_columns(["run_id"])
    other = churn.fit(training_set(seed=8), RUN, None)
    assert not set(other["model_version"].to_pylist()) & set(fitted["model_version"].to_pylist())


def score(fitted: pa.Table, customers: pa.Table | None = None) -> pa.Table:
    scorer = churn.Scorer(champion_of(fitted), RUN)
    table = training_set(customers=200, months=[date(2026, 3, 15)], seed=9) if customers is None else customers
    return pa.Table.from_batches([scorer(batch) for batch in table.to_batches()], schema=churn.SCORES)


def test_scores_have_bounds_reasons_and_versions(fitted: pa.Table) -> None:
    scores = score(fitted)
    (champion,) = champion_of(fitted).to_pylist()
    assert scores.num_rows == 200
    assert set(scores["model_version"].to_pylist()) == {champion["model_version"]}
    lower, middle, upper = (scores[f"churn_probability{end}"].to_numpy() for end in ("_lower", "", "_upper"))
    assert ((lower <= middle) & (middle <= upper)).all()
    assert pc.value_counts(scores["reason_1"]).to_pylist()[0]["values"] == "recency_days"
    sizes = [np.abs(scores[f"reason_{rank}_effect"].to_numpy()) for rank in (1, 2, 3)]
    assert ((sizes[0] >= sizes[1]) & (sizes[1] >= sizes[2])).all()


def test_reasons_and_the_average_customer_add_up_to_the_probability(fitted: pa.Table) -> None:
    """With three features, the three reasons are all there is."""
    scores = score(fitted)
    (champion,) = champion_of(fitted).to_pylist()
    model = churn.read(champion)
    average = model.calibration.log_odds(model.model.intercept) + model.season.shift(RUN["snapshot_date"])
    effects = sum(scores[f"reason_{rank}_effect"].to_numpy() for rank in (1, 2, 3))
    assert expit(average + effects) == pytest.approx(scores["churn_probability"].to_numpy(), abs=1e-9)


def test_batches_do_not_change_a_score(fitted: pa.Table) -> None:
    table = training_set(customers=100, months=[date(2026, 3, 15)])
    scorer = churn.Scorer(champion_of(fitted), RUN)
    parts = [scorer(batch) for batch in table.to_batches(max_chunksize=7)]
    assert pa.Table.from_batches(parts) == score(fitted, table)


def test_an_empty_snapshot_gives_no_rows_with_types(fitted: pa.Table) -> None:
    empty = training_set(customers=0, months=[])
    (batch,) = empty.to_batches() or [pa.RecordBatch.from_pylist([], schema=empty.schema)]
    assert churn.Scorer(champion_of(fitted), RUN)(batch).schema == churn.SCORES


def test_without_a_champion_nobody_is_scored() -> None:
    nothing = churn.fit(training_set(customers=0, months=[]), RUN, None)
    assert score(nothing).num_rows == 0


def test_a_changed_artifact_is_refused(fitted: pa.Table) -> None:
    (champion,) = champion_of(fitted).to_pylist()
    champion["artifact"] = champion["artifact"][:-1] + b"?"
    with pytest.raises(ArtifactError, match=champion["model_version"]):
        churn.read(champion)


def test_no_window_has_passed_yet() -> None:
    (row,) = churn.fit(training_set(customers=0, months=[]), RUN, None).to_pylist()
    assert row["status"] == "failed"
    assert "no customer has been watched for 90 days yet" in row["message"]
    assert row["artifact"] is None


@pytest.mark.parametrize("rate", [0, 1])
def test_one_class_only_leaves_the_rate(rate: int) -> None:
    found = rows(churn.fit(training_set(rate=rate), RUN, None))
    assert found["base_rate"]["status"] == "promoted"
    assert found["hist_gradient_boosting"]["status"] == "failed"
    assert "have the outcome, 20 of each are needed" in found["hist_gradient_boosting"]["message"]


def test_thirty_customers_in_one_month() -> None:
    table = churn.fit(training_set(customers=30, months=MONTHS[:1]), RUN, None)
    champion = rows(champion_of(table))["base_rate"]
    protocols = {row["protocol"] for row in json.loads(champion["performance_json"])}
    assert protocols == {"other customers, same time"}
    probability = score(table)["churn_probability"].to_numpy()
    assert 0 < probability[0] < 1
    assert set(score(table)["reason_1"].to_pylist()) == {None}


def subscribers(table: pa.Table) -> pa.Table:
    at = table.schema.get_field_index("churn_type")
    return table.set_column(at, "churn_type", pa.array(["contractual"] * table.num_rows))


def test_subscribers_have_a_model_of_their_own() -> None:
    both = pa.concat_tables([training_set(), subscribers(training_set(seed=8))])
    champions = champion_of(churn.fit(both, RUN, None))
    assert champions["model_name"].to_pylist() == ["churn.non_contractual", "churn.contractual"]
    customers = [training_set(customers=50, months=[date(2026, 3, 15)])] * 2
    scores = score(champions, pa.concat_tables([customers[0], subscribers(customers[1])]))
    assert scores["model_name"].to_pylist() == [f"churn.{kind}" for kind in scores["churn_type"].to_pylist()]
    assert pc.value_counts(scores["churn_type"]).to_pylist() == [
        {"values": "non_contractual", "counts": 50}, {"values": "contractual", "counts": 50},
    ]  # fmt: skip


def test_subscribers_whom_nobody_watched_yet_are_told_of_and_not_scored() -> None:
    found = churn.fit(training_set(), RUN | {"has_subscriptions": True}, None)
    (row,) = (row for row in found.to_pylist() if row["model_name"] == "churn.contractual")
    assert row["status"] == "failed"
    assert "no subscriber has been watched for 90 days yet" in row["message"]
    assert score(found, subscribers(training_set(customers=5, months=MONTHS[:1]))).num_rows == 0


def test_a_model_that_chance_could_have_made_leaves_the_rate() -> None:
    """Features that tell nothing, and few outcomes: some AUC lies above a half all the same."""
    rng = np.random.default_rng(4)
    table = training_set(customers=220)
    churned = pa.array(rng.random(table.num_rows) < 0.06)
    found = rows(churn.fit(table.set_column(3, "is_churned", churned), RUN, None))
    gates = {name: json.loads(row["gates_json"]).get("tells_customers_apart", "") for name, row in found.items()}
    assert any(float(gate.split("AUC ")[1].split(",")[0]) > 0.5 for gate in gates.values() if gate), gates
    assert found["base_rate"]["status"] == "promoted", gates


def test_features_that_hold_nothing_at_all() -> None:
    table = training_set()
    nulls = {name: pa.nulls(table.num_rows, pa.float64()) for name in ("recency_days", "n_orders_lifetime", "country")}
    found = rows(churn.fit(training_set(**nulls), RUN, None))
    assert found["base_rate"]["status"] == "promoted"


def later(**changes: Any) -> dict[str, Any]:
    return RUN | {"snapshot_date": date(2026, 3, 20)} | changes


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (later(), None),
        (later(refit_models="churn"), "asked"),
        (later(refit_models="clv, all"), "asked"),
        (later(refit_models="clv"), None),
        (later(drifted_models="churn.non_contractual"), "drifted"),
        (later(feature_version="f2"), "features changed"),
        (later(churn_horizon_days=60), "churn_horizon_days changed"),
        (later(seed=7, churn_horizon_days=60), "churn_horizon_days, seed changed"),
        (later(gross_margin_share=0.4), None),
        (later(snapshot_date=date(2026, 3, 14)), "fitted for a later day"),
        (later(snapshot_date=date(2026, 4, 20)), "too old"),
    ],
)
def test_a_model_is_fitted_anew_for_a_reason(fitted: pa.Table, run: dict, reason: str | None) -> None:
    made = churn.fit(training_set(customers=20, months=MONTHS[:1]), run, fitted).to_pylist()
    assert {row["fit_reason"] for row in made} == ({reason} if reason else set())


def test_a_kept_version_adds_no_row(fitted: pa.Table) -> None:
    assert churn.fit(training_set(), later(), fitted).num_rows == 0


def test_a_challenger_that_is_worse_stays_one(fitted: pa.Table) -> None:
    """The new months' features tell nothing, so no version beats what today's champion says of the same customers."""
    table = training_set(months=[*MONTHS, *(date(2026, month, 1) for month in (1, 2, 3, 4))])
    noise = np.random.default_rng(1).permutation(table["is_churned"].to_numpy())
    learnt = table["snapshot_date"].to_numpy() < np.datetime64("2026-04-01")
    blurred = table.set_column(3, "is_churned", pa.array(np.where(learnt, noise, table["is_churned"].to_numpy())))
    again = churn.fit(blurred, later(snapshot_date=date(2026, 7, 20)), fitted)
    gates = {row["algorithm"]: json.loads(row["gates_json"]) for row in again.to_pylist()}
    assert not any(row["is_promoted"] for row in again.to_pylist()), gates
    assert "of the same customers" in gates["base_rate"]["not_worse_than_champion"]


def test_a_monthly_challenger_that_is_worse_stays_one(fitted: pa.Table) -> None:
    """The champion knows what became of the newest customers, so what it did in earlier periods is the measure."""
    table = training_set(months=[*MONTHS, date(2026, 1, 1)])
    rng = np.random.default_rng(1)
    noise = rng.permutation(table["is_churned"].to_numpy())
    half = rng.random(table.num_rows) < 0.5
    blurred = table.set_column(3, "is_churned", pa.array(np.where(half, noise, table["is_churned"].to_numpy())))
    again = churn.fit(blurred, later(snapshot_date=date(2026, 4, 15)), fitted).to_pylist()
    gates = {row["algorithm"]: json.loads(row["gates_json"]) for row in again}
    assert gates["blend"]["tells_customers_apart"].startswith("passed")
    assert "in earlier periods" in gates["blend"]["not_worse_than_champion"]
    assert not any(row["is_promoted"] for row in again), gates


def test_a_monthly_challenger_that_is_as_good_takes_over(fitted: pa.Table) -> None:
    table = training_set(months=[*MONTHS, date(2026, 1, 1)], seed=3)
    again = champion_of(churn.fit(table, later(snapshot_date=date(2026, 4, 15)), fitted)).to_pylist()
    (gate,) = [json.loads(row["gates_json"])["not_worse_than_champion"] for row in again]
    assert gate.startswith("passed")
    assert "allowed for noise" in gate


def test_a_champion_of_another_horizon_is_no_measure(fitted: pa.Table) -> None:
    noise = np.random.default_rng(1).permutation(training_set()["is_churned"].to_numpy())
    blurred = training_set().set_column(3, "is_churned", pa.array(noise))
    again = churn.fit(blurred, later(churn_horizon_days=60), fitted)
    (row,) = champion_of(again).to_pylist()
    assert (row["algorithm"], row["horizon_days"]) == ("base_rate", 60)
    assert "churn_horizon_days changed since" in json.loads(row["gates_json"])["not_worse_than_champion"]
