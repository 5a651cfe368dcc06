"""Survival over tables as dbt hands them over: what is promoted, what is scored, what is said where not."""

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import survival_versions
from clientele.ml.artifacts import ArtifactError

from .test_survival import MONTHS, NEWEST, snapshots

RUN = {
    "run_id": "a-run", "scored_at": datetime(2025, 1, 1), "snapshot_date": NEWEST, "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
}  # fmt: skip


def rows(days: list[date], n: int, churn_type: str = "non_contractual", **options: Any) -> pa.Table:
    table = snapshots(days, n, **options)
    return table.append_column("churn_type", pa.array([churn_type] * table.num_rows, pa.string()))


def champions(versions: pa.Table) -> pa.Table:
    return versions.filter(versions["is_promoted"])


def scores(versions: pa.Table, table: pa.Table) -> pa.Table:
    scorer = survival_versions.Scorer(champions(versions), RUN)
    batches = [scorer(batch) for batch in table.to_batches(max_chunksize=30)]
    return pa.Table.from_batches(batches, schema=survival_versions.SCORES)


@pytest.fixture(scope="module")
def versions() -> pa.Table:
    return survival_versions.fit(rows(MONTHS, 120), RUN, None)


def test_the_model_with_features_is_promoted_with_its_gates(versions: pa.Table) -> None:
    (row,) = champions(versions).to_pylist()
    assert (row["model_name"], row["algorithm"]) == ("survival.non_contractual", "log_logistic_aft")
    assert set(json.loads(row["gates_json"])) == {"calibrated", "tells_customers_apart", "not_worse_than_champion"}
    assert "frequency" in json.loads(row["features_json"])
    measured = json.loads(row["performance_json"])
    keys = [(one["period"], one["horizon"], one["group_name"], one["group_value"]) for one in measured]
    assert len(keys) == len(set(keys))
    assert all(one["n"] for one in measured)
    assert all(0 <= one["bounds_coverage"] <= 1 for one in measured if "brier" in one)


def test_scores_fall_with_the_horizon_and_carry_the_version(versions: pa.Table) -> None:
    customers = rows([NEWEST], 70)
    table = scores(versions, customers)
    assert table["customer_id"].to_pylist() == customers["customer_id"].to_pylist()
    curve = np.column_stack([table[f"survival_{days}d"].to_numpy() for days in (30, 60, 90, 180)])
    assert (np.diff(curve, axis=1) < 0).all()
    assert ((curve > 0) & (curve < 1)).all()
    assert (table["survival_90d_lower"].to_numpy() < table["survival_90d"].to_numpy()).all()
    assert (table["survival_90d_upper"].to_numpy() > table["survival_90d"].to_numpy()).all()
    assert np.corrcoef(table["expected_days_to_event"].to_numpy(), customers["frequency"].to_numpy())[0, 1] < -0.5
    assert set(table["model_version"].to_pylist()) == set(champions(versions)["model_version"].to_pylist())


def test_the_same_rows_give_the_same_version_and_a_kept_one_adds_no_row(versions: pa.Table) -> None:
    again = survival_versions.fit(rows(MONTHS, 120), RUN, None)
    assert again["model_version"] == versions["model_version"]
    assert survival_versions.fit(rows(MONTHS, 120), RUN, versions).num_rows == 0


def test_a_fit_is_compared_with_the_champion(versions: pa.Table) -> None:
    asked = RUN | {"refit_models": "survival"}
    same = survival_versions.fit(rows(MONTHS, 120), asked, versions)
    gate = json.loads(champions(same).to_pylist()[0]["gates_json"])["not_worse_than_champion"]
    assert "in the same periods by the champion" in gate


def test_a_champion_that_knew_less_is_measured_itself(versions: pa.Table) -> None:
    place = versions.schema.get_field_index("fitted_for")
    older = versions.set_column(place, "fitted_for", pa.array([date(2024, 2, 1)] * versions.num_rows, pa.date32()))
    again = survival_versions.fit(rows(MONTHS, 120), RUN | {"refit_models": "all"}, older).to_pylist()
    (gates,) = [json.loads(row["gates_json"]) for row in again if row["algorithm"] == "log_logistic_aft"]
    (champion,) = champions(versions)["model_version"].to_pylist()
    assert gates["not_worse_than_champion"].endswith(f"of the same customers by the champion {champion}")


def test_a_refit_on_features_that_tell_less_changes_nothing(versions: pa.Table) -> None:
    """Beside the rate it would still do."""
    table = rows(MONTHS, 120)
    rng = np.random.default_rng(1)
    mixed = np.where(rng.random(table.num_rows) < 0.5, rng.permutation(table.num_rows), np.arange(table.num_rows))
    for name in ("duration_days", "is_observed"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].take(pa.array(mixed)))
    again = survival_versions.fit(table, RUN | {"refit_models": "all"}, versions).to_pylist()
    gates = {row["algorithm"]: json.loads(row["gates_json"]) for row in again}
    assert gates["log_logistic_aft"]["tells_customers_apart"].startswith("passed")
    assert not any(row["is_promoted"] for row in again), gates


def test_kinds_without_a_champion_are_not_scored(versions: pa.Table) -> None:
    both = pa.concat_tables([rows([NEWEST], 5), rows([NEWEST], 5, "contractual")])
    assert scores(versions, both)["churn_type"].to_pylist() == ["non_contractual"] * 5


def test_subscribers_are_a_model_of_their_own() -> None:
    both = pa.concat_tables([rows(MONTHS, 40), rows(MONTHS, 40, "contractual", seed=8)])
    found = champions(survival_versions.fit(both, RUN, None))
    assert found["model_name"].to_pylist() == ["survival.non_contractual", "survival.contractual"]
    assert scores(found, rows([NEWEST], 5, "contractual")).num_rows == 5


def test_nobody_to_follow_is_a_labelled_failure_and_scores_nobody() -> None:
    nothing = survival_versions.fit(rows([], 0), RUN, None)
    (row,) = nothing.to_pylist()
    assert row["status"] == "failed"
    assert "no customer has been followed" in row["message"]
    assert scores(nothing, rows([NEWEST], 5)).num_rows == 0


def test_nobody_ever_bought_leaves_the_rate() -> None:
    (row,) = champions(survival_versions.fit(rows(MONTHS, 20, rate=1e6), RUN, None)).to_pylist()
    assert row["algorithm"] == "rate_only"
    assert "0 events" in row["message"]


def test_a_changed_artifact_is_refused(versions: pa.Table) -> None:
    (row,) = champions(versions).to_pylist()
    with pytest.raises(ArtifactError, match=row["model_version"]):
        survival_versions.read(row | {"artifact": row["artifact"][:-1] + b"?"})
