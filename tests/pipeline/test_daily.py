"""The daily run through Dagster: what it leaves behind, what holds it up, and several days in one run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from clientele.publishing.versions import Published
from clientele.records import Records
from tests.pipeline.conftest import launched
from tests.point_in_time.warehouse import difference, key_of

pytestmark = pytest.mark.xdist_group("daily")

NEWEST = date(2026, 1, 1)
BUILT = ("features.feat_orders", "features.feat_categories", "intermediate.int_engagement__session_lifetimes")
SOME = "+feat_orders +feat_categories +feat_sessions"  # each kind of incremental model, and quick to build


@pytest.fixture(scope="module")
def home(built_company: Path, copied: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(built_company, tmp_path_factory.mktemp("daily") / "warehouse")


def published(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str((home / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def ok(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-5000:]
    return run.stderr


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


def test_every_feature_group_and_model_was_watched(home: Path) -> None:
    drift = Records(home).read("drift_results").to_pylist()
    assert {"feat_orders", "ml_clv__inputs"} <= {row["subject"] for row in drift}
    assert {row["snapshot_date"] for row in drift} == {NEWEST}
    assert any(row["basis"] == "sample" and row["value"] is not None for row in drift)
    assert list((home / "reports" / "drift" / f"{NEWEST}").glob("*.html"))


def test_drift_that_is_an_error_is_not_published(home: Path) -> None:
    before = Published(home).current()
    path = home / "vars.yml"
    own = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(own | {"drift_error_on": ["feat_orders"], "drift_psi_from": 0.01}))
    run = launched(home, "publish")
    path.write_text(yaml.safe_dump(own))
    assert run.returncode == 1
    assert "feat_orders" in run.stderr
    assert Published(home).current() == before
    ok(launched(home, "publish"))
    assert Published(home).current() == f"{NEWEST}-0002"


def test_five_days_in_one_run_are_five_runs_and_two_runs_at_once_both_succeed(
    home: Path, copied: Callable, tmp_path: Path
) -> None:
    other = copied(home, tmp_path / "warehouse")
    days = [NEWEST - timedelta(days=back) for back in (12, 11, 10, 9, 8)]

    def one_run() -> str:
        return ok(launched(home, "backfill", "--from", str(days[0]), "--to", str(days[-1]), "--select", SOME))

    def run_of(day: date) -> str:
        return ok(launched(other, "backfill", "--to", str(day), "--select", SOME))

    one_run()
    for day in days[:-2]:
        run_of(day)
    with ThreadPoolExecutor(2) as both:
        list(both.map(run_of, days[-2:]))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home}/build.duckdb' as l (read_only)")
        connection.execute(f"attach '{other}/build.duckdb' as r (read_only)")
        chosen = ", ".join(f"date '{day}'" for day in days)
        where = f"snapshot_date in ({chosen})"
        for table in (
            "features.feat_orders",
            "features.feat_categories",
            "intermediate.int_engagement__session_lifetimes",
        ):
            columns = [row[0] for row in connection.execute(f"describe l.{table}").fetchall()]
            rows = connection.execute(f"select count(distinct snapshot_date) from l.{table} where {where}").fetchall()
            assert rows == [(5,)]
            assert difference(connection, f"l.{table}", f"r.{table}", key_of(columns), where) is None, table
