"""What a dbt run did is on record: tables, checks, time and memory; also where it never ended."""

from __future__ import annotations

import json
import mmap
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from clientele import run_records
from clientele.records import Records
from clientele.run_records import INTERRUPTED, recorded_step, recording_dbt
from tests.unit.publishing.company import Company


def result(unique_id: str, status: str, **known: Any) -> dict:
    timing = [
        {"name": "compile", "started_at": "2026-03-01T03:00:00Z", "completed_at": "2026-03-01T03:00:01Z"},
        {"name": "execute", "started_at": "2026-03-01T03:00:01Z", "completed_at": "2026-03-01T03:00:02.5Z"},
    ]
    executed = status != "skipped"
    return {
        "unique_id": unique_id,
        "status": status,
        "timing": timing if executed else [],
        "execution_time": 1.5,
    } | known


RESULTS = [
    result("model.x.customers", "success"),
    result("model.x.totals", "success"),
    result("model.x.days", "error", message="Binder Error"),
    result("model.x.landings", "skipped"),
    result("test.x.customers_key", "pass", failures=0),
    result("test.x.stg_plausible", "warn", failures=3, message="Got 3 results"),
    result("test.x.stg_key", "error", failures=None, message="Runtime Error"),
    result("test.x.adds_up", "skipped", failures=None),
    result("unit_test.x.days_edges", "fail", failures=1, message="actual differs"),
    result("exposure.x.dashboard", "no-op"),
]


def dbt_ends(company: Company, results: list[dict] = RESULTS, invocation: str = "abc") -> None:
    times = {"invocation_started_at": "2026-03-01T03:00:00.5Z", "generated_at": "2026-03-01T04:00:09+01:00"}
    content = {"metadata": {"invocation_id": invocation} | times, "elapsed_time": 8.5, "results": results}
    (company.home / "target" / "run_results.json").write_text(json.dumps(content))


def rows(home: Path, table: str, run_id: str) -> dict[str, dict]:
    key = "asset_name" if table == "ops_runs" else "check_name"
    return {row[key]: row for row in Records(home).read(table).to_pylist() if row["run_id"] == run_id}


def interruptions(home: Path) -> list[str]:
    rows = Records(home).read("ops_runs").to_pylist()
    return sorted(row["asset_name"] for row in rows if row["message"] == INTERRUPTED)


def test_tables_and_checks_are_recorded(company: Company) -> None:
    with recording_dbt(company.home, job="daily"):
        dbt_ends(company)
    runs, checks = rows(company.home, "ops_runs", "abc"), rows(company.home, "check_results", "abc")
    assert {name: (row["status"], row["n_rows"], row["message"]) for name, row in runs.items()} == {
        "dbt": ("error", None, "10 tables and checks, 3 failed"),
        "customers": ("success", 100, None),
        "totals": ("success", None, None),
        "days": ("error", 100, "Binder Error"),
        "landings": ("skipped", 1, None),
    }
    assert {row["job"] for row in runs.values()} == {"daily"}
    assert runs["customers"]["started_at"] == datetime(2026, 3, 1, 3, 0, 1)
    assert runs["customers"]["finished_at"] == datetime(2026, 3, 1, 3, 0, 2, 500_000)
    assert runs["landings"]["finished_at"] == datetime(2026, 3, 1, 3, 0, 9)
    assert {
        name: (row["asset_name"], row["severity"], row["status"], row["value"]) for name, row in checks.items()
    } == {
        "customers_key": ("customers", "error", "pass", 0),
        "stg_plausible": ("stg", "warn", "warn", 3),
        "stg_key": ("stg", "error", "fail", None),
        "adds_up": ("days", "error", "skipped", None),
        "days_edges": ("days", "error", "fail", 1),
    }
    assert interruptions(company.home) == []


def test_a_run_id_that_is_given_is_kept(company: Company) -> None:
    with recording_dbt(company.home, job="daily", run_id="dagster-1"):
        dbt_ends(company)
    assert set(rows(company.home, "ops_runs", "dagster-1")) >= {"dbt", "customers"}


def test_a_run_that_is_recorded_twice_counts_once(company: Company) -> None:
    for _time in range(2):
        with recording_dbt(company.home, job="daily"):
            dbt_ends(company)
    found = [row for row in Records(company.home).read("ops_runs").to_pylist() if row["run_id"] == "abc"]
    assert len(found) == 5


@pytest.mark.parametrize(("trains", "steps"), [(True, ["dbt", "train"]), (False, ["dbt"])])
def test_a_run_that_never_ends_stays_on_record_as_interrupted(company: Company, trains: bool, steps: list[str]) -> None:
    dbt_ends(company)  # of an earlier run: must not be taken for this one's
    with recording_dbt(company.home, job="daily", trains=trains):
        assert interruptions(company.home) == steps
    assert interruptions(company.home) == steps
    assert rows(company.home, "ops_runs", "abc") == {}


def test_half_a_file_of_results_is_none(company: Company) -> None:
    with recording_dbt(company.home, job="daily"):
        (company.home / "target" / "run_results.json").write_text('{"metadata": {')
    assert interruptions(company.home) == ["dbt", "train"]


def test_a_run_that_never_began_leaves_nothing(company: Company) -> None:
    with recording_dbt(company.home, job="daily") as invocation:
        invocation.began = False
    assert interruptions(company.home) == []


def test_an_exception_does_not_lose_what_dbt_wrote(company: Company) -> None:
    def stopped_by_hand() -> None:
        with recording_dbt(company.home, job="daily"):
            dbt_ends(company)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_by_hand()
    assert interruptions(company.home) == []
    assert "customers" in rows(company.home, "ops_runs", "abc")


def test_a_file_older_than_a_column_reads_with_nulls(company: Company) -> None:
    checks = company.records.read("check_results")
    company.records.put("check_results", checks.drop_columns("snapshot_date").slice(0, 1), name="old")
    read = company.records.read("check_results")
    assert read.num_rows == checks.num_rows + 1
    assert read["snapshot_date"].null_count == read.num_rows  # dbt tests look at no day


MIB = 2**20
TAKES = "import sys; held = bytearray(int(sys.argv[1])); held[::1024] = b'x' * len(held[::1024])"


def take(size: int) -> None:
    """Hold so many bytes for a moment: of anonymous pages, which go back to the system at once."""
    with mmap.mmap(-1, size) as held:
        held[::1024] = b"x" * len(held[::1024])


@pytest.mark.skipif(sys.platform != "linux", reason="no other system resets the high-water mark of a process")
def test_the_peak_of_a_step_is_its_own(tmp_path: Path) -> None:
    for name, size in (("large", 400 * MIB), ("small", 40 * MIB)):
        with recorded_step(tmp_path, name, "daily", name):
            take(size)
    peak = {row["asset_name"]: row["peak_memory_bytes"] for row in Records(tmp_path).read("ops_runs").to_pylist()}
    assert peak["large"] > 400 * MIB
    assert 40 * MIB < peak["small"] < peak["large"] - 300 * MIB


def test_where_the_peak_cannot_be_reset_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "PROCESS", tmp_path / "no proc")
    with recorded_step(tmp_path, "r", "daily", "audit"):
        pass
    assert Records(tmp_path).read("ops_runs")["peak_memory_bytes"].to_pylist() == [None]


def test_the_peak_of_dbt_is_that_of_a_child_larger_than_all_before(company: Company) -> None:
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    for size, is_known in ((most + 100 * MIB, True), (MIB, False)):
        with recording_dbt(company.home, job="daily"):
            subprocess.run([sys.executable, "-c", TAKES, str(size)], check=True)
            dbt_ends(company)
        peak = rows(company.home, "ops_runs", "abc")["dbt"]["peak_memory_bytes"]
        assert (peak is not None and peak > size) if is_known else peak is None


def test_a_step_whose_record_finds_no_room_is_done_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Records, "_write", full)
    with recorded_step(tmp_path, "r", "daily", "publish") as step:
        step.n_rows = 1
    assert "what the step publish did is not on record" in caplog.text
