"""Dagster's events through open connections: the same files, read by Dagster's own storage, and not too many open."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from dagster_project.event_log import MOST_OPEN, SteadyEventLog
from dagster_project.instance import ensure_instance

A = dg.AssetKey("a")


@dg.asset(check_specs=[dg.AssetCheckSpec("positive", asset="a")])
def a() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="positive")])


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterInstance:
    folder = ensure_instance(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return dg.DagsterInstance.from_config(str(folder))


def of_run(storage: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [str(record.event_log_entry.to_json()) for record in storage.get_records_for_run(run_id).records]


def test_dagsters_own_storage_reads_the_same_events(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with instance:
        log = instance.event_log_storage
        assert isinstance(log, SteadyEventLog)
        runs = [dg.materialize([a], instance=instance).run_id for _ in range(2)]
        written = [of_run(log, run_id) for run_id in runs]
        # While this process still has the files open.
        own = SqliteEventLogStorage(str(tmp_path / "dagster" / "history" / "runs"))
        assert [of_run(own, run_id) for run_id in runs] == written
        own.dispose()
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as again:
        assert again.get_latest_materialization_event(A).run_id == runs[-1]
        assert [of_run(again.event_log_storage, run_id) for run_id in runs] == written
        check = dg.AssetCheckKey(A, "positive")
        (newest,) = again.event_log_storage.get_latest_asset_check_execution_by_key([check]).values()
        assert newest.run_id == runs[-1]


def test_few_files_stay_open_and_each_run_keeps_its_events(instance: dg.DagsterInstance) -> None:
    with instance:
        runs = [dg.materialize([a], instance=instance).run_id for _ in range(MOST_OPEN + 2)]
        steady = instance.event_log_storage
        assert isinstance(steady, SteadyEventLog)
        assert len(steady._open) == MOST_OPEN + 1  # and the index
        assert all(len(of_run(steady, run_id)) == len(of_run(steady, runs[-1])) > 5 for run_id in runs)
        steady.delete_events(runs[0])
        assert of_run(steady, runs[0]) == []
        steady.wipe()
        assert steady._open.keys() <= {"index"}
        assert of_run(steady, runs[-1]) == []
        assert instance.get_latest_materialization_event(A) is None
