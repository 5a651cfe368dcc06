"""What Dagster loads: every dbt node and test, in groups with owners, and what starts by itself."""

from __future__ import annotations

import errno
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import pytest

from clientele.landing import LandingError, load
from clientele.locks import WAREHOUSE_LOCK, holding
from clientele.records import Records


@pytest.fixture(scope="module")
def definitions() -> Any:
    from dagster_project.definitions import defs

    return defs()


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    from dagster_project.defs.warehouse.assets import PROJECT

    return json.loads(PROJECT.manifest_path.read_text())


def test_the_version_of_dbt_is_known_without_a_process(definitions: Any) -> None:
    """It takes the place of a private name of dagster-dbt, which a later one may call otherwise."""
    from dagster_dbt import DbtCliResource

    assert "_cli_version" in vars(DbtCliResource)
    assert definitions.resources["dbt"]._cli_version.major == 1


def test_every_dbt_node_is_an_asset_and_every_test_a_check(definitions: Any, manifest: dict[str, Any]) -> None:
    graph = definitions.resolve_asset_graph()
    nodes = manifest["nodes"].values()
    built = {node["name"] for node in nodes if node["resource_type"] in ("model", "seed", "snapshot")}
    assert built <= {key.path[-1] for key in graph.get_all_asset_keys()}
    tests = {node["name"] for node in nodes if node["resource_type"] == "test"}
    assert tests - {key.name for key in graph.asset_check_keys} == set()


def test_assets_stand_in_groups_with_owners_and_descriptions(definitions: Any) -> None:
    for node in definitions.resolve_asset_graph().asset_nodes:
        if not node.is_external or node.key.path[0] not in ("lake", "records"):
            assert node.group_name not in (None, "default"), node.key
            assert node.owners, node.key
            assert node.description, node.key


def test_tests_of_severity_error_block(definitions: Any, manifest: dict[str, Any]) -> None:
    severities = {
        node["name"]: node["config"]["severity"].lower()
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
    graph = definitions.resolve_asset_graph()
    checks = [graph.get_check_spec(key) for key in graph.asset_check_keys if key.name in severities]
    assert {(severities[check.name], check.blocking) for check in checks} == {("error", True), ("warn", False)}


def test_a_job_started_while_a_run_writes_is_told_who_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from dagster_project import launch

    monkeypatch.setattr(launch, "HOME", tmp_path)
    monkeypatch.setattr("sys.argv", ["launch", "publish"])
    writes = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", writes, str(tmp_path / "build.duckdb")]
    with (
        holding(tmp_path / WAREHOUSE_LOCK, "daily"),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run,
    ):
        assert run.stdout is not None
        run.stdout.readline()
        with pytest.raises(SystemExit) as ended:
            launch.main()
        run.communicate()
    assert ended.value.code == 2
    assert f"is held by daily (process {os.getpid()}" in capfd.readouterr().err


def test_every_run_is_one_process(definitions: Any) -> None:
    """Also of what is materialized by a click: the warehouse is held by the process of a run, not by its steps'."""
    assert definitions.resolve_implicit_global_asset_job_def().executor_def is dg.in_process_executor
    for job in ("land", "daily", "retrain", "backfill", "publish"):
        assert definitions.resolve_job_def(job).executor_def is dg.in_process_executor, job


def test_a_backfill_may_take_longer_than_a_day_of_a_company(definitions: Any) -> None:
    from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG

    from dagster_project.instance import SETTINGS

    of_a_day = int(SETTINGS.split("max_runtime_seconds: ")[1].split()[0])
    assert int(definitions.resolve_job_def("backfill").run_tags[MAX_RUNTIME_SECONDS_TAG]) > 4 * of_a_day
    assert MAX_RUNTIME_SECONDS_TAG not in definitions.resolve_job_def("daily").run_tags


def test_training_launched_by_hand_fits_all_models() -> None:
    from dagster_project.launch import run_config

    assert run_config("retrain")["ops"]["dbt_build"]["config"] == {"refit_models": "all"}
    assert "ops" not in run_config("daily")


@pytest.mark.parametrize(("job", "is_watched"), [("daily", True), ("publish", True), ("backfill", False)])
def test_jobs_that_publish_show_what_the_monitoring_found(definitions: Any, job: str, is_watched: bool) -> None:
    graph = definitions.resolve_job_def(job).asset_layer.asset_graph
    shown = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys}
    for check in (("orders", "volume"), ("sessions", "freshness"), ("feat_orders", "drift")):
        assert (check in shown) is is_watched, check


def test_features_scores_and_sources_are_watched(definitions: Any) -> None:
    checks = {(key.asset_key.path[-1], key.name) for key in definitions.resolve_asset_graph().asset_check_keys}
    assert {
        ("feat_orders", "drift"), ("ml_churn__inputs", "drift"), ("ml_churn__scores", "drift"),
        ("ml_churn__scores", "performance"), ("orders", "volume"), ("sessions", "freshness"),
    } <= checks  # fmt: skip


@pytest.mark.parametrize(
    ("tick", "day"),
    [
        (datetime(2026, 3, 29, 5, tzinfo=UTC), "2026-03-29"),  # Europe's clocks went forward four hours before
        (datetime(2026, 10, 25, 5, tzinfo=UTC), "2026-10-25"),  # and back
        (datetime(2026, 1, 1, 5, tzinfo=UTC), "2026-01-01"),
        (datetime(2025, 12, 31, 20, 0, tzinfo=ZoneInfo("America/Los_Angeles")), "2026-01-01"),
    ],
)
def test_the_morning_run_builds_the_day_of_its_tick(definitions: Any, tick: datetime, day: str) -> None:
    schedule = definitions.resolve_schedule_def("every_morning")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 5 * * *", "UTC")
    context = dg.build_schedule_context(
        scheduled_execution_time=tick.astimezone(UTC), repository_def=definitions.get_repository_def()
    )
    assert [request.partition_key for request in schedule.evaluate_tick(context).run_requests] == [day]


def test_a_dropped_export_is_landed_once_it_rests(
    definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster_project.defs.landing import sensors

    monkeypatch.setattr(sensors, "HOME", tmp_path)
    cursor = None

    def asked() -> list[str]:
        nonlocal cursor
        context = dg.build_sensor_context(cursor=cursor, definitions=definitions)
        tick = sensors.dropped_exports.evaluate_tick(context)
        cursor = tick.cursor
        return [request.run_key for request in tick.run_requests or []]

    export = tmp_path / "inbox" / "shop" / "orders.csv"
    assert asked() == []
    export.parent.mkdir(parents=True)
    export.write_text("order_id\n1\n")
    assert asked() == []  # no mapping beside it
    (export.parent / "mapping.yml").write_text("version: 1\n")
    assert asked() == []  # still being written, for all one knows
    long_ago = time.time() - 120
    for path in export.parent.iterdir():
        os.utime(path, (long_ago, long_ago))
    first = asked()
    assert len(first) == 1
    assert asked() == []
    export.write_text("order_id\n1\n2\n")
    os.utime(export, (long_ago, long_ago))
    again = asked()
    assert len(again) == 1
    assert again != first
    # One that keeps changing holds back no other.
    drop(tmp_path, "growing", age_s=0)
    assert asked() == []
    drop(tmp_path, "another")
    assert len(asked()) == 1
    assert asked() == []
    for path in (tmp_path / "inbox" / "growing").iterdir():
        os.utime(path, (long_ago, long_ago))
    assert len(asked()) == 1
    assert asked() == []


def drop(home: Path, name: str, orders: str = "o1,c1,2025-12-01,9.99,EUR\n", *, age_s: float = 120) -> Path:
    """An export of one order in the drop folder, last changed so long ago."""
    folder = home / "inbox" / name
    folder.mkdir(parents=True)
    (folder / "mapping.yml").write_text("version: 1\nentities:\n  orders: {path: orders.csv}\n")
    (folder / "orders.csv").write_text("order_id,customer_id,ordered_at,amount,currency\n" + orders)
    for path in folder.iterdir():
        os.utime(path, (time.time() - age_s,) * 2)
    return folder


def test_a_company_without_orders_begins_with_its_first_event(tmp_path: Path) -> None:
    from dagster_project.warehouse import BEFORE_ANY_DATA, first_day

    assert first_day(tmp_path) == BEFORE_ANY_DATA
    folder = tmp_path / "inbox" / "visits"
    folder.mkdir(parents=True)
    (folder / "mapping.yml").write_text("version: 1\nentities:\n  sessions: {path: sessions.csv}\n")
    (folder / "sessions.csv").write_text("session_id,customer_id,started_at\ns1,c1,2025-03-17 10:00:00\n")
    load(folder / "mapping.yml", home=tmp_path)
    assert first_day(tmp_path) == date(2025, 3, 1)
    load(drop(tmp_path, "shop") / "mapping.yml", home=tmp_path)
    assert first_day(tmp_path) == date(2025, 12, 1)


def landed(home: Path, monkeypatch: pytest.MonkeyPatch) -> dg.ExecuteInProcessResult:
    from dagster_project.defs.landing import assets

    monkeypatch.setattr(assets, "HOME", home)
    return dg.materialize([assets.landed_exports], raise_on_error=False)


def orders_events(result: dg.ExecuteInProcessResult) -> list[int]:
    """Rows landed, by each event of the orders."""
    events = [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]
    return [e.metadata["rows_landed"].value for e in events if e.asset_key.path == ["commerce", "orders"]]


def test_a_broken_export_stops_no_other_and_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a_broken", "c_broken"):
        (drop(tmp_path, name) / "mapping.yml").write_text("version: 7\n")
        os.utime(tmp_path / "inbox" / name / "mapping.yml", (0, 0))
    drop(tmp_path, "b_well")
    drop(tmp_path, "d_well", "o2,c2,2025-12-01,9.99,EUR\no3,c2,2025-12-01,9.99,EUR\n")
    result = landed(tmp_path, monkeypatch)
    assert not result.success
    assert orders_events(result) == [1, 2]
    [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    for name in ("a_broken", "c_broken"):
        assert f"{name}/mapping.yml: version is 7" in failure.error_display_string
    [step] = Records(tmp_path).read("ops_runs").to_pylist()
    assert (step["status"], step["n_rows"]) == ("error", 3)


def test_what_still_changes_is_left_for_the_next_landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(tmp_path, "old")
    growing = drop(tmp_path, "growing", "o2,c2,2025-12-01,9.99,EUR\n", age_s=5)
    result = landed(tmp_path, monkeypatch)
    assert result.success
    assert orders_events(result) == [1]
    [of_landing] = result.asset_materializations_for_node("landing__landed_exports")[-1:]
    assert of_landing.metadata["left_for_the_next_landing"].value == [str(growing / "mapping.yml")]
    for path in growing.iterdir():
        os.utime(path, (0, 0))
    assert orders_events(landed(tmp_path, monkeypatch)) == [1]


def test_landing_is_tried_again_only_where_that_may_help(tmp_path: Path) -> None:
    from dagster_project.defs.landing.assets import failure_of

    def error_of(name: str, change: Callable[[Path], Any]) -> LandingError:
        folder = drop(tmp_path, name)
        change(folder)
        with pytest.raises(LandingError) as caught:
            load(folder / "mapping.yml", home=tmp_path)
        return caught.value

    absent = error_of("absent", lambda folder: (folder / "orders.csv").unlink())
    unmapped = error_of("unmapped", lambda folder: (folder / "mapping.yml").unlink())
    wrong = error_of("wrong", lambda folder: (folder / "mapping.yml").write_text("version: 7\n"))
    (tmp_path / "file").touch()
    with pytest.raises(LandingError) as unwritable:
        load(drop(tmp_path, "well") / "mapping.yml", home=tmp_path / "file")
    errors = (absent, unmapped, wrong, unwritable.value)
    retried = [failure_of({tmp_path: error}).allow_retries for error in errors]
    assert retried == [True, True, False, True]
    assert failure_of({tmp_path / "a": wrong, tmp_path / "b": absent}).allow_retries
    full = LandingError("the lake cannot be written")
    full.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert not full.may_pass


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that keeps what it is sent."""
    received: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()


def test_a_failed_run_is_told_with_cause_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    from dagster_project.defs.operations import sensors

    @dg.op
    def dbt_build() -> None:
        raise dg.Failure("orders.csv, row 12: the amount is negative", allow_retries=False)

    @dg.job
    def daily() -> None:
        dbt_build()

    address, received = webhook
    monkeypatch.setenv(sensors.WEBHOOK, address)
    monkeypatch.setattr(sensors, "HOME", tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        result = daily.execute_in_process(instance=instance, raise_on_error=False)
        event = result.get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            "run_failed", event, instance, result.dagster_run
        ).for_run_failure()
        sensors.run_failed(context)

        def full(*_: object) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(sensors, "write_message", full)
        sensors.run_failed(context)
    told, again = received
    assert again == told  # a disk without room for the file is no reason not to say so
    [kept] = list((tmp_path / "reports" / "failures").glob("*.txt"))
    assert kept.read_text().strip() == told["text"]
    for part in ("daily", "failed", "dbt_build: orders.csv, row 12: the amount is negative", "start the run again"):
        assert part in told["text"]


def test_a_failure_of_a_run_that_the_daemon_did_not_start_is_told(
    definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster_project.defs.operations import sensors

    @dg.op
    def dbt_build() -> None:
        raise dg.Failure("no room on the disk")

    @dg.job
    def daily() -> None:
        dbt_build()

    monkeypatch.setattr(sensors, "HOME", tmp_path)
    repository, cursor = definitions.get_repository_def(), None
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):  # the first tick only marks where to begin
            context = dg.build_sensor_context(
                instance, cursor=cursor, repository_name=repository.name, repository_def=repository
            )
            cursor = repository.get_sensor_def("run_failed").evaluate_tick(context).cursor
            run = daily.execute_in_process(instance=instance, raise_on_error=False).dagster_run
            assert run.remote_job_origin is None  # as of `clientele daily`
    [told] = list((tmp_path / "reports" / "failures").glob("*.txt"))
    assert "no room on the disk" in told.read_text()


def test_a_webhook_that_is_none_does_not_hide_the_failure() -> None:
    from dagster_project.failures import post

    with pytest.raises(OSError, match="no address of a webhook"):
        post("text", "file:///etc/passwd")


def test_a_model_that_drifted_days_running_or_grew_old_is_trained(
    definitions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster_project.defs.monitoring import sensors

    monkeypatch.setattr(sensors, "HOME", tmp_path)

    def asked(why: str = "drifted_models") -> list[tuple[str, str]]:
        context = dg.build_sensor_context(repository_def=definitions.get_repository_def())
        tick = definitions.resolve_sensor_def("worn_models").evaluate_tick(context)
        found = [(request.partition_key, request.run_config) for request in tick.run_requests or []]
        named = [(day, config["ops"]["dbt_build"]["config"]) for day, config in found]
        assert all(
            config[other] == "" for _, config in named for other in ("drifted_models", "refit_models") if other != why
        )
        return [(day, config[why]) for day, config in named]

    def check(number: int, status: str = "warn") -> None:
        row = {
            "run_id": f"{number}", "evaluated_at": datetime(2026, 1, number, 6), "snapshot_date": date(2026, 1, number),
            "subject": "ml_clv__scores", "subject_kind": "scores", "model_name": "clv", "model_version": "a",
            "column_name": "clv_90d", "measure": "psi", "value": 0.5, "threshold": 0.2, "severity": "warn",
            "status": status,
        }  # fmt: skip
        Records(tmp_path).append("drift_results", [row])

    def fit(day: date, number: int, *, is_promoted: bool) -> None:
        with duckdb.connect(str(tmp_path / "build.duckdb")) as build:
            build.execute("create schema if not exists ml")
            columns = "(model_name varchar, fitted_for date, is_promoted boolean, fit_number integer)"
            build.execute(f"create table if not exists ml.ml_clv__fit {columns}")
            build.execute("insert into ml.ml_clv__fit values ('clv', ?, ?, ?)", [day, is_promoted, number])

    (tmp_path / "vars.yml").write_text("model_max_age_days: 60\nmodel_refit_pause_days: 10\n")
    fit(date(2025, 12, 1), 1, is_promoted=True)
    assert asked() == []
    for number, status in enumerate(["pass", "warn", "warn", "warn"], start=1):
        check(number, status)
        assert asked() == ([("2026-01-04", "clv")] if number == 4 else [])
    with holding(tmp_path / WAREHOUSE_LOCK, "daily"):
        assert asked() == []  # who holds the build may be fitting it
    fit(date(2026, 1, 4), 2, is_promoted=False)  # its gates turned it down, and so the version stays
    assert asked() == []
    for number in range(5, 14):
        check(number)
        assert asked() == []
    check(14)
    assert asked() == [("2026-01-14", "clv")]
    # It drifts no more, and its version in use grows old: 60 days after the snapshot that it was fitted for.
    for number in range(15, 30):
        check(number, "pass")
        assert asked() == []
    check(30, "pass")
    assert asked("refit_models") == [("2026-01-30", "clv")]
    fit(date(2026, 1, 21), 3, is_promoted=False)  # tried within the pause, to no avail
    assert asked() == []
    check(31, "pass")
    assert asked("refit_models") == [("2026-01-31", "clv")]
    fit(date(2026, 1, 21), 4, is_promoted=True)
    assert asked() == []


def test_a_check_shows_what_was_measured_for_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster_project.defs.monitoring import checks

    monkeypatch.setattr(checks, "HOME", tmp_path)
    report = tmp_path / "reports" / "drift" / "2026-01-01" / "ml_churn__scores.contractual.html"
    report.parent.mkdir(parents=True)
    report.touch()

    def measured(subject: str, kind: str, measure: str) -> dict[str, Any]:
        return {
            "run_id": "r", "subject": subject, "subject_kind": kind, "measure": measure, "status": "warn",
            "value": 9.0, "threshold": 0.2, "column_name": None, "basis": "all_rows", "snapshot_date": date(2026, 1, 1),
        }  # fmt: skip

    rows = checks._by_table([
        measured("ml_churn__scores", "scores", "psi"), measured("ml_churn__scores.contractual", "performance", "ece"),
        measured("orders", "source", "robust_z"), measured("orders", "source", "age_days"),
    ])  # fmt: skip
    found = [{"run_id": "r", "evaluated_at": datetime(2026, 1, 1), "status": "warn", "message": ""}]

    def result_of(table: str, check: str) -> dg.AssetCheckResult:
        return checks._result(dg.AssetCheckKey(dg.AssetKey(["any", table]), check), found, rows)

    def worst(table: str, check: str) -> str:
        result = result_of(table, check)
        return " ".join(m for m in ("psi", "ece", "robust_z", "age_days") if m in str(result.metadata["worst"].value))

    assert (worst("ml_churn__scores", "drift"), worst("ml_churn__scores", "performance")) == ("psi", "ece")
    assert (worst("orders", "volume"), worst("orders", "freshness")) == ("robust_z", "age_days")
    shown = result_of("ml_churn__scores", "drift").metadata["report ml_churn__scores.contractual"]
    assert shown == dg.PathMetadataValue(str(report))  # no address of a file, which browsers refuse to open
