"""One of each fault of bench/faults, on cheap jobs: nothing is lost, published stays whole, the next run succeeds."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bench.faults import holds
from bench.faults.clock import NoCompilerError, compiled, day_seen_from, moments, shifted
from bench.faults.company import EXPORT, Done, at_rest, drop_next_day, finished, run, start
from bench.faults.trials import zeroed
from clientele.landing.inbox import drop_folder
from clientele.landing.lake import Lake
from clientele.publishing.errors import PublishingError
from clientele.publishing.publication import RefusedError, publish
from clientele.publishing.versions import Published
from clientele.running import build, newest_snapshot


@pytest.fixture(scope="module")
def home(built_company: Path, copied: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(built_company, tmp_path_factory.mktemp("faults") / "warehouse")


def assert_whole(home: Path, before: Path) -> None:
    assert holds.published_is_whole(home) == []
    assert holds.nothing_landed_is_lost(before, home) == []


def assert_landed(home: Path, done: Done) -> None:
    assert done.code == 0, done.said[-3000:]
    assert holds.the_export_landed_once(home) == []
    assert holds.left_behind(home) == []


def test_a_killed_run_holds_nobody_up(home: Path, built_company: Path) -> None:
    drop_next_day(home)
    with (home / "lake" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        running = start(home, "land")
        until = time.monotonic() + 120
        while "starts" not in running.said and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1)
        running.kill()
    assert_whole(home, built_company)
    done = run(home, "land")
    assert "was killed: marked as failed" in done.said
    assert_landed(home, done)
    assert_whole(home, built_company)


def test_a_run_whose_process_lives_is_left_alone() -> None:
    import dagster as dg
    from dagster._core.events import EngineEventData

    from dagster_project.run_launcher import (
        GONE,
        HOST_TAG,
        PROCESS_TAG,
        WatchfulRunLauncher,
        fail_dead_runs,
        process_tags,
    )

    @dg.job
    def waits() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        launcher = WatchfulRunLauncher()
        launcher.register_instance(instance)
        run_of_this = instance.create_run_for_job(waits, status=dg.DagsterRunStatus.STARTED)
        run_of_none = instance.create_run_for_job(waits, status=dg.DagsterRunStatus.STARTED)
        elsewhere = {"tags": {HOST_TAG: "another container"}}
        run_elsewhere = instance.create_run_for_job(waits, status=dg.DagsterRunStatus.STARTED, **elsewhere)
        ended = subprocess.Popen(["true"])
        ended.wait()
        instance.report_engine_event("Started process", run_of_this, EngineEventData.in_process(os.getpid()))
        instance.report_engine_event("Started process", run_of_none, EngineEventData.in_process(ended.pid))
        instance.report_engine_event("Started process", run_elsewhere, EngineEventData.in_process(ended.pid))
        # By what a run says of its process itself, no step of the clock makes it look like another that came later.
        run_of_clock = instance.create_run_for_job(waits, status=dg.DagsterRunStatus.STARTED, tags=process_tags())
        instance.report_engine_event("Started process", run_of_clock, EngineEventData.in_process(ended.pid))
        assert launcher.check_run_worker_health(run_of_clock).status.value == "RUNNING"
        other = process_tags() | {PROCESS_TAG: f"{os.getpid()} another boot 1"}
        run_of_reused = instance.create_run_for_job(waits, tags=other)
        assert launcher.check_run_worker_health(run_of_reused).msg == GONE
        assert launcher.check_run_worker_health(run_elsewhere).status.value == "RUNNING"
        assert launcher.check_run_worker_health(run_of_this).status.value == "RUNNING"
        assert launcher.check_run_worker_health(run_of_none).msg == GONE
        assert fail_dead_runs(instance) == [run_of_none.run_id]
        failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        assert [run.run_id for run in failed] == [run_of_none.run_id]


def test_a_run_of_a_container_that_is_gone_does_not_hold_up_the_queue_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg
    from dagster import EventLogEntry
    from dagster._daemon.monitoring import run_monitoring

    from dagster_project.instance import ensure_instance
    from dagster_project.run_launcher import HOST_TAG

    @dg.job
    def waits() -> None: ...

    folder = ensure_instance(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        limit = instance.run_monitoring_max_runtime_seconds
        run = instance.create_run_for_job(waits, tags={HOST_TAG: "a container that was replaced"})
        instance.handle_new_event(
            EventLogEntry(
                error_info=None, level=20, user_message="", run_id=run.run_id, timestamp=time.time(), job_name="waits",
                dagster_event=dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "waits"),
            )
        )  # fmt: skip

        def status_after(seconds: float) -> str:
            monkeypatch.setattr(run_monitoring, "get_current_timestamp", lambda: time.time() + seconds)
            record = instance.get_run_record_by_id(run.run_id)
            assert record is not None
            run_monitoring.check_run_timeout(instance, record, logging.getLogger(), float(limit))
            found = instance.get_run_by_id(run.run_id)
            assert found is not None
            return found.status.value

        assert status_after(limit - 60) == "STARTED"
        assert status_after(limit + 60) == "FAILURE"


def test_a_damaged_file_and_a_changed_export_are_named_and_once_mended_no_more(home: Path, built_company: Path) -> None:
    drop_next_day(home)
    path = home / "lake" / "raw" / "batch=1" / "orders.parquet"
    whole = path.read_bytes()
    path.write_bytes(zeroed(whole))
    done = run(home, "land")
    assert done.code == 1
    assert "batch=1/orders.parquet: damaged, it cannot be read. Bring it back from a backup" in done.said
    path.write_bytes(whole[:-100])
    done = run(home, "daily")
    assert done.code == 2
    assert "batch=1/orders.parquet: damaged" in done.said
    path.write_bytes(whole)
    assert_whole(home, built_company)

    export = drop_folder(home) / EXPORT / "orders.csv"
    as_agreed = export.read_text()
    export.write_text(as_agreed.replace("amount", "total", 1))
    at_rest(export.parent)
    done = run(home, "land")
    assert done.code == 1
    for part in ("orders", "amount"):
        assert part in done.said
    assert_whole(home, built_company)
    export.write_text(as_agreed)
    at_rest(export.parent)
    assert_landed(home, run(home, "land"))


def test_two_runs_at_once_land_once(home: Path, built_company: Path) -> None:
    drop_next_day(home)
    for running in [start(home, "land") for _ in range(2)]:
        assert_landed(home, finished(running))
    assert_whole(home, built_company)


def test_a_load_while_the_clocks_change_lands_once(built_company: Path, copied: Callable, tmp_path: Path) -> None:
    home = copied(built_company, tmp_path / "warehouse")  # of its own, as what lands there is of next year
    try:
        library = compiled(tmp_path)
    except NoCompilerError as error:
        pytest.skip(str(error))
    *_, moment = moments(datetime.now(UTC)).values()
    drop_next_day(home, is_live=True)
    begin = moment - timedelta(seconds=8)
    assert_landed(home, run(home, "land", environment=shifted(library, begin)))
    assert newest_snapshot(home) == day_seen_from(begin)
    assert_whole(home, built_company)


def test_a_failing_check_is_not_published_and_a_reader_is_not_disturbed(home: Path, built_company: Path) -> None:
    before = str(Published(home).current())
    twice = home / "lake" / "raw" / "batch=900"
    twice.mkdir()
    shutil.copy(home / "lake" / "raw" / "batch=1" / "orders.parquet", twice)
    assert not build(home, select="stg_commerce__orders").succeeded
    with pytest.raises(RefusedError, match="unique_combination_stg_commerce__orders"):
        publish(home)
    assert Published(home).current() == before
    assert_whole(home, built_company)
    shutil.rmtree(twice)
    assert build(home, select="stg_commerce__orders").succeeded
    sql = "select count(*), max(snapshot_date) from marts.customer_profile"
    with duckdb.connect(str(Published(home).database(before)), read_only=True) as reader:
        seen = reader.execute(sql).fetchall()
        publish(home)
        assert reader.execute(sql).fetchall() == seen
    assert Published(home).current() != before
    assert_whole(home, built_company)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_a_full_disk_leaves_what_is_published(
    home: Path, built_company: Path, copied: Callable, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400000000", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted: {mounted.stderr.strip()}")
    try:
        other = copied(home, disk / "warehouse")
        before = Published(other).current()
        batches = Lake(other).batches()
        drop_next_day(other)
        ballast = disk / "ballast"
        with ballast.open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, shutil.disk_usage(disk).free - 64_000)
        assert run(other, "land").code != 0
        with pytest.raises((PublishingError, OSError)):
            publish(other)
        assert Lake(other).batches() == batches
        assert Published(other).current() == before
        assert_whole(other, built_company)
        ballast.unlink()
        assert_landed(other, run(other, "land"))
        publish(other)
        assert Published(other).current() != before
        assert_whole(other, built_company)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
