"""The next purchase over tables as dbt hands them over: what is promoted, what is scored, what is said where not."""

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import next_purchase_versions
from clientele.ml.purchase_history import drawn

from .test_next_purchase import MONTHS, NEWEST, snapshots

RUN = {
    "run_id": "a-run", "scored_at": datetime(2025, 1, 1), "snapshot_date": NEWEST, "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
}  # fmt: skip


def champions(versions: pa.Table) -> pa.Table:
    return versions.filter(versions["is_promoted"])


def scores(versions: pa.Table, table: pa.Table) -> pa.Table:
    scorer = next_purchase_versions.Scorer(champions(versions), RUN)
    batches = [scorer(batch) for batch in table.to_batches(max_chunksize=70)]
    return pa.Table.from_batches(batches, schema=next_purchase_versions.SCORES)


@pytest.fixture(scope="module")
def versions() -> pa.Table:
    return next_purchase_versions.fit(snapshots(MONTHS, 250), RUN, None)


def test_the_better_algorithm_is_promoted_with_its_gates(versions: pa.Table) -> None:
    (row,) = champions(versions).to_pylist()
    assert row["algorithm"] == "logistic_regression"
    gates = json.loads(row["gates_json"])
    assert set(gates) == {"calibrated", "tells_customers_apart", "not_worse_than_champion"}
    assert "at the worst horizon, chance reaches 0.5" in gates["tells_customers_apart"]
    measured = json.loads(row["performance_json"])
    keys = [(one["period"], one["horizon"], one["group_name"], one["group_value"]) for one in measured]
    assert len(keys) == len(set(keys))
    (dates,) = [one for one in measured if one["horizon"] == 365]
    assert 0 < dates["bounds_coverage"] <= 1


def test_every_customer_is_scored_with_types_and_version(versions: pa.Table) -> None:
    customers = snapshots([NEWEST], 150, seed=7)
    table = scores(versions, customers)
    assert table["customer_id"].to_pylist() == customers["customer_id"].to_pylist()
    p = [table[f"p_purchase_{days}d"].to_numpy() for days in (7, 30, 90)]
    assert ((p[0] <= p[1]) & (p[1] <= p[2])).all()
    assert (table["expected_date_lower"].to_numpy() <= table["expected_date"].to_numpy()).all()
    assert set(table["likely_category"].to_pylist()) == {"toys", "home"}
    assert set(table["reason_1"].to_pylist()) <= {"frequency", "channel"}
    # The two may share a reason, where their effects go together.
    first, second = (np.abs(table[f"reason_{rank}_effect"].to_numpy()) for rank in (1, 2))
    assert (first >= np.nan_to_num(second)).all()
    assert set(table["model_version"].to_pylist()) == set(champions(versions)["model_version"].to_pylist())


def test_without_categories_they_are_null() -> None:
    def without(days: list[date], n: int) -> pa.Table:
        table = snapshots(days, n)
        nulls = {
            "next_category": pa.string(),
            "categories": pa.list_(pa.string()),
            "category_lines": pa.list_(pa.int64()),
        }
        for name, type_ in nulls.items():
            table = table.set_column(table.schema.get_field_index(name), name, pa.nulls(table.num_rows, type_))
        return table

    table = scores(next_purchase_versions.fit(without(MONTHS, 60), RUN, None), without([NEWEST], 10))
    assert table.num_rows == 10
    assert table["likely_category"].null_count == table["likely_category_probability"].null_count == 10


def test_a_kept_version_adds_no_row_and_a_refit_is_compared(versions: pa.Table) -> None:
    table = snapshots(MONTHS, 250)
    assert next_purchase_versions.fit(table, RUN, versions).num_rows == 0
    again = next_purchase_versions.fit(table, RUN | {"refit_models": "next_purchase"}, versions)
    assert again["model_version"] == versions["model_version"]
    (row,) = champions(again).to_pylist()
    assert "in the same periods by the champion" in json.loads(row["gates_json"])["not_worse_than_champion"]


def test_a_champion_that_knew_less_is_measured_itself(versions: pa.Table) -> None:
    place = versions.schema.get_field_index("fitted_for")
    older = versions.set_column(place, "fitted_for", pa.array([date(2024, 2, 1)] * versions.num_rows, pa.date32()))
    again = next_purchase_versions.fit(snapshots(MONTHS, 250), RUN | {"refit_models": "all"}, older)
    gates = [json.loads(row["gates_json"]) for row in again.to_pylist() if row["algorithm"] == "logistic_regression"]
    (champion,) = champions(versions)["model_version"].to_pylist()
    assert gates[0]["not_worse_than_champion"].endswith(f"of the same customers by the champion {champion}")


def test_where_nothing_new_will_do_the_champion_stays(versions: pa.Table) -> None:
    """The rates would do, but they are worse than it is."""
    again = next_purchase_versions.fit(
        snapshots(MONTHS, 250), RUN | {"refit_models": "all", "model_max_ece": 0.0}, versions
    )
    gates = {row["algorithm"]: json.loads(row["gates_json"]) for row in again.to_pylist()}
    assert gates["logistic_regression"]["calibrated"].startswith("failed")
    assert champions(again).num_rows == 0, gates


@pytest.mark.parametrize("customers", [0, 20])
def test_nobody_watched_for_long_enough_is_a_labelled_failure_and_scores_nobody(customers: int) -> None:
    nothing = next_purchase_versions.fit(snapshots([date(2024, 12, 1)], 20).slice(0, customers), RUN, None)
    (row,) = nothing.to_pylist()
    assert row["status"] == "failed"
    assert "no customer has been" in row["message"]
    assert scores(nothing, snapshots([NEWEST], 5)).num_rows == 0


@pytest.mark.parametrize("always", [3.0, 1e6])
def test_one_class_only_leaves_the_rate(always: float) -> None:
    found = champions(next_purchase_versions.fit(snapshots(MONTHS, 20, always=always), RUN, None))
    assert found["algorithm"].to_pylist() == ["base_rate"]


def test_customers_are_drawn_whole() -> None:
    ids: list[Any] = [f"c{i}" for i in range(1000)] * 6
    table = pa.table({"customer_id": pa.chunked_array([ids[:3500], ids[3500:]])})
    of, times = np.unique(drawn(table, 1200)["customer_id"].to_pylist(), return_counts=True)
    assert set(times) == {6}
    assert len(of) == pytest.approx(200, abs=60)
    assert drawn(table, 6000) is table
