"""Lifetime value over tables as dbt hands them over: what stands in the registry of each version."""

import json
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from clientele.ml import lifetime_value
from clientele.ml.purchase_value import COLUMNS
from tests.unit.ml import value_company
from tests.unit.ml.value_company import FEATURES

RUN = {
    "run_id": "a-run", "scored_at": datetime(2025, 1, 1), "snapshot_date": date(2025, 1, 1), "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
    "gross_margin_share": 1.0, "annual_discount_rate": 0.1,
}  # fmt: skip
WITH_TREES = {"two_part_boosting", "blend"}


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """Half a year, of which the first months are labelled, as the training set has it."""
    table = value_company.table(250, value_company.months(7))
    return table.filter(pc.is_valid(table["spend_next_90d"]))


def versions(table: pa.Table, **run: Any) -> dict[str, dict[str, Any]]:
    made = lifetime_value.fit(table, RUN | run, None).to_pylist()
    return {version["algorithm"]: version for version in made}


@pytest.fixture(scope="module")
def made(table: pa.Table) -> dict[str, dict[str, Any]]:
    return versions(table)


def test_the_registry_names_the_features_that_a_version_reads(made: dict[str, dict[str, Any]]) -> None:
    assert set(made) > WITH_TREES
    for algorithm, version in made.items():
        # Nobody had a session, so that nothing could be learnt from it.
        read = set(FEATURES) - {"n_sessions_90d"} if algorithm in WITH_TREES else set(COLUMNS)
        assert set(json.loads(version["features_json"])) == read


def test_the_registry_names_all_days_that_any_horizon_has_learnt_from() -> None:
    """Two years of months: the newest whose year has passed is nine months older than the newest whose 90 days have."""
    months = value_company.months(24)
    whole = value_company.table(120, months)
    year, quarter = (whole.filter(pc.is_valid(whole[f"spend_next_{days}d"])) for days in (365, 90))
    assert pc.max(year["snapshot_date"]).as_py() < pc.max(quarter["snapshot_date"]).as_py()
    for version in versions(quarter).values():
        assert version["learnt_to"] == version["calibrated_on"] == pc.max(quarter["snapshot_date"]).as_py()
        assert version["learnt_from"] == pc.min(quarter["snapshot_date"]).as_py()


def test_importance_is_on_record_for_every_version(made: dict[str, dict[str, Any]]) -> None:
    for version in made.values():
        sizes = {row["feature"]: row["importance"] for row in json.loads(version["importance_json"])}
        assert set(sizes) == set(json.loads(version["features_json"]))
        assert max(sizes, key=lambda name: sizes[name]) in COLUMNS
        assert sizes["spend_lifetime"] > 0 or version["algorithm"].endswith("gamma_gamma")


def test_a_version_is_named_after_all_that_it_learns_from(table: pa.Table, made: dict[str, dict[str, Any]]) -> None:
    def names(table: pa.Table, **run: Any) -> set[str]:
        return {version["model_version"] for version in versions(table, **run).values()}

    same = {version["model_version"] for version in made.values()}
    assert names(table) == same
    place = table.schema.get_field_index("n_orders_90d")
    other = table.set_column(place, "n_orders_90d", pc.add(table["n_orders_90d"], 1.0))
    assert not names(other) & same
    assert not names(table, gross_margin_share=0.4) & same
