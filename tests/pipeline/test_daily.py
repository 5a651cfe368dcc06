"""The daily run through Dagster: what it leaves behind, what holds it up, and several days in one run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from clientele.contract import PROJECT_ROOT
from clientele.publishing.versions import Published
from clientele.records import Records
from tests.pipeline.conftest import environment, launched
from tests.point_in_time.warehouse import difference, key_of

NEWEST = date(2026, 1, 1)
BUILT = (
    "features.feat_orders", "features.feat_categories", "intermediate.int_engagement__session_lifetimes",
    "ml.ml_clv__scores",
)  # fmt: skip
# Each kind of incremental model, and quick to build; then scores, by the champion that is there, of what was built.
SOME = "+feat_orders +feat_categories +feat_sessions customer_features ml_run ml_clv__inputs ml_clv__scores"
STAMPS = {"run_id", "scored_at"}  # say when and in which run a row was made


@pytest.fixture(scope="module")
def home(built_company: Path, copied: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(built_company, tmp_path_factory.mktemp("daily") / "warehouse")


def published(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str((home / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_first_run_publishes_the_newest_day(home: Path) -> None:
    assert published(home, "select distinct snapshot_date from marts.customer_profile") == [(NEWEST,)]
    assert published(home, "select version, action from governance.publications") == [(f"{NEWEST}-0001", "publish")]


def test_every_step_is_on_record(home: Path) -> None:
    runs = Records(home).read("ops_runs").to_pylist()
    steps = {row["asset_name"]: row for row in runs if row["asset_kind"] == "step" and row["job"] == "daily"}
    assert {"land", "dbt", "drift", "audit", "publish"} <= set(steps)
    assert all(row["status"] == "success" and row["seconds"] > 0 for row in steps.values())
    assert len({row["run_id"] for row in steps.values()}) == 1
    assert all(row["peak_memory_bytes"] > 50_000_000 for row in steps.values())
    built = [row for row in runs if row["asset_kind"] == "model" and row["n_rows"]]
    assert "customer_profile" in {row["asset_name"] for row in built}


def test_every_table_tells_its_columns_and_types(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster_project.defs.warehouse.assets import tables

    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        events = {key: instance.get_latest_materialization_event(key) for key in tables.keys}
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        sql = (
            "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns() order by column_index"
        )
        columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for schema, table, column, kind in connection.execute(sql).fetchall():
            columns.setdefault((schema, table), []).append((column, kind))
    assert len(columns) > 150
    for key, event in events.items():
        assert event is not None, key
        schema = event.asset_materialization.metadata["dagster/column_schema"].value
        assert [(column.name, column.type) for column in schema.columns] == columns[tuple(key.path[-2:])], key


def test_the_catalog_says_which_models_use_a_feature(home: Path) -> None:
    champions = published(home, "select model_name, features_json from governance.model_registry where is_champion")
    read_by: dict[str, list[str]] = {}
    for name, features in sorted(champions):
        for feature in json.loads(features):
            read_by.setdefault(feature, []).append(name)
    catalog = published(home, "select feature, used_by, legal_class from governance.feature_catalog")
    assert {feature: models for feature, models, _ in catalog if models} == {
        feature: read_by[feature] for feature, *_ in catalog if feature in read_by
    }
    assert any(len(models or ()) > 1 for _, models, _ in catalog)
    assert [models for _, models, legal_class in catalog if legal_class == "protected" and models] == []


def test_every_feature_group_and_model_was_watched(home: Path) -> None:
    drift = Records(home).read("drift_results").to_pylist()
    assert {"feat_orders", "ml_clv__inputs"} <= {row["subject"] for row in drift}
    assert {row["snapshot_date"] for row in drift} == {NEWEST}
    assert any(row["basis"] == "sample" and row["value"] is not None for row in drift)
    assert list((home / "reports" / "drift" / f"{NEWEST}").glob("*.html"))


def test_scores_of_the_first_day_have_a_verdict_and_are_no_drift(home: Path) -> None:
    scored = [row for row in Records(home).read("drift_results").to_pylist() if row["subject_kind"] == "scores"]
    champions = published(home, "select model_name from governance.model_registry where is_champion")
    judged = {row["model_name"] for row in scored if row["value"] is not None}
    assert judged == {name for (name,) in champions}
    assert {row["status"] for row in scored} <= {"pass", "skipped"}
    assert all(row["reference_date"] < NEWEST for row in scored)


def test_drift_that_is_an_error_is_not_published(home: Path) -> None:
    before = Published(home).current()
    path = home / "vars.yml"
    own = path.read_text()
    path.write_text(own + "drift_error_on: [feat_orders]\ndrift_psi_from: 0.01\n")
    run = launched(home, "publish")
    path.write_text(own)
    assert run.returncode == 1
    assert "is named by drift_error_on and missed: feat_orders" in " ".join(run.stderr.split())
    assert Published(home).current() == before
    run = launched(home, "publish")  # the var no longer names it
    assert run.returncode == 0, run.stderr[-3000:]
    assert Published(home).current() == f"{NEWEST}-0002"


LAUNCH = """
import sys
from datetime import date
from rich.console import Console
from dagster_project.launch import launch

select, *ranges = sys.argv[1:]
for days in ranges:
    first, last = map(date.fromisoformat, days.split(".."))
    if not launch("backfill", (first, last), Console(stderr=True), select):
        sys.exit(f"{days} failed")
"""


def backfilled(home: Path, *ranges: str) -> None:
    """Ranges of days, each in one run, one after another."""
    run = subprocess.run(
        [sys.executable, "-c", LAUNCH, SOME, *ranges],
        cwd=PROJECT_ROOT, env=environment(home), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-5000:]


def test_five_days_in_one_run_are_five_runs_and_two_runs_at_once_both_succeed(home: Path, tmp_path: Path) -> None:
    days = [NEWEST - timedelta(days=back) for back in (12, 11, 10, 9, 8)]
    one_by_one = [f"{day}..{day}" for day in days]
    backfilled(home, f"{days[0]}..{days[-1]}")
    shutil.copyfile(home / "build.duckdb", tmp_path / "one_run.duckdb")
    backfilled(home, *one_by_one[:-2])
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda day: backfilled(home, day), one_by_one[-2:]))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path}/one_run.duckdb' as l (read_only)")
        connection.execute(f"attach '{home}/build.duckdb' as r (read_only)")
        for table in BUILT:
            columns = [row[0] for row in connection.execute(f"describe l.{table}").fetchall()]
            kept = ", ".join(name for name in columns if name not in STAMPS)
            for side in "lr":
                connection.execute(
                    f"create or replace temp view {side}_days as select {kept} from {side}.{table}"
                    f" where snapshot_date between '{days[0]}' and '{days[-1]}'"
                )
            found = connection.execute("select distinct snapshot_date from l_days order by all").fetchall()
            assert [day for (day,) in found] == days, table
            assert difference(connection, "l_days", "r_days", key_of(columns)) is None, table
