"""Write down what a dbt run did: tables, checks, time and memory, as rows of `ops_runs` and `check_results`."""

from __future__ import annotations

import json
import logging
import re
import resource
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from clientele.dbt_manifest import Check, Manifest, Table
from clientele.records import Records

LOG = logging.getLogger(__name__)
RUN_RESULTS = Path("target") / "run_results.json"
MANIFEST = Path("target") / "manifest.json"
PROCESS = Path("/proc/self")  # of Linux
INTERRUPTED = "was interrupted: what it built is untested"
# Tables that only training runs build; a run without training leaves them as they were.
TRAIN_TAG = "train"
TABLE_STATUS = {"success": "success", "skipped": "skipped"}  # all else is an error
CHECK_STATUS = {"pass": "pass", "warn": "warn", "skipped": "skipped"}  # all else is a fail

Row = dict[str, Any]


@dataclass
class DbtInvocation:
    """What is known of an invocation besides its results: whether it came to build or test anything."""

    began: bool = True


@contextmanager
def recording_dbt(home: Path, *, job: str, trains: bool = True, run_id: str = "") -> Iterator[DbtInvocation]:
    """Record the dbt invocation that happens inside, also where it ends badly.

    Before it begins, a row says that it was interrupted; the results take its place. What a killed run has built is
    thus never taken for tested. One that ended before it began, over a typing error say, leaves nothing.
    """
    home = home.resolve()
    (home / RUN_RESULTS).unlink(missing_ok=True)
    mark, started = _mark_as_interrupted(home, job, trains=trains, run_id=run_id), _now()
    invocation, before = DbtInvocation(), _peak_of_children()
    try:
        yield invocation
    finally:
        if _is_whole(home / RUN_RESULTS):
            step = {"started_at": started, "seconds": (_now() - started).total_seconds()}
            # The largest child ever: of dbt it tells where none before was as large.
            step["peak_memory_bytes"] = peak if (peak := _peak_of_children()) > before else None
            record_dbt_results(home, home / RUN_RESULTS, home / MANIFEST, run_id, job, step=step)
            mark.unlink()
        elif not invocation.began:
            mark.unlink()


@dataclass
class Step:
    """What a step of a run did; filled in while it goes on."""

    n_rows: int | None = None
    message: str | None = None


@contextmanager
def recorded_step(home: Path, run_id: str, job: str, name: str) -> Iterator[Step]:
    """Record a step that is no dbt run: landing, drift, audit, publication. Time and memory are of this process.

    Memory is the most that was resident during the step, with what the process held before it began.
    """
    step, started, began, is_measured = Step(), _now(), time.monotonic(), _forget_peak()
    status, went_wrong = "success", None
    try:
        yield step
    except BaseException as error:
        status, went_wrong = "error", f"{type(error).__name__}: {error}"
        raise
    finally:
        row = {
            "run_id": run_id,
            "job": job,
            "asset_name": name,
            "asset_kind": "step",
            "status": status,
            "started_at": started,
            "finished_at": _now(),
            "seconds": time.monotonic() - began,
            "n_rows": step.n_rows,
            "peak_memory_bytes": _peak_since() if is_measured else None,
            "message": went_wrong or step.message,
        }
        try:
            Records(home).append("ops_runs", [row], name=f"{name}-{run_id}")
        except OSError as error:
            # What the step did stands: readers may see its publication already.
            LOG.warning("what the step %s did is not on record: %s", name, error)


def record_dbt_results(
    home: Path, run_results_json: Path, manifest_json: Path, run_id: str = "", job: str = "", *, step: Row | None = None
) -> str:
    """Turn dbt's own accounts of an invocation into rows of `ops_runs` and `check_results`; safe to repeat.

    `step` may say more of the whole process than dbt knows of itself: started_at, seconds, peak_memory_bytes.
    Returns the id of the run, which is dbt's id of the invocation unless given.
    """
    content, manifest = json.loads(run_results_json.read_text()), Manifest.read(manifest_json)
    invocation = content["metadata"]["invocation_id"]
    ended = _moment(content["metadata"]["generated_at"])
    common = {"run_id": run_id or invocation}
    results = content["results"]
    built = [(manifest.tables[r["unique_id"]], r) for r in results if r["unique_id"] in manifest.tables]
    checked = [(manifest.checks[r["unique_id"]], r) for r in results if r["unique_id"] in manifest.checks]
    rows_of = _rows_of_tables(home)
    tables = [_table_row(table, result, ended, rows_of) for table, result in built]
    records = Records(home)
    whole = _step_row(content, ended) | (step or {})
    runs = [common | {"job": job} | row for row in (whole, *tables)]
    # Checks first: were the run killed between, the tables would count as never built and not as tested.
    records.append("check_results", [common | _check_row(*pair, ended) for pair in checked], name=f"dbt-{invocation}")
    records.append("ops_runs", runs, name=f"dbt-{invocation}")
    return common["run_id"]


def _mark_as_interrupted(home: Path, job: str, *, trains: bool, run_id: str) -> Path:
    mark = uuid.uuid4().hex
    row = {"run_id": run_id or mark, "job": job, "asset_kind": "step", "status": "error", "started_at": _now()}
    steps = ["dbt", TRAIN_TAG] if trains else ["dbt"]
    rows = [row | {"asset_name": step, "message": INTERRUPTED} for step in steps]
    return Records(home).append("ops_runs", rows, name=f"interrupted-{mark}")


def _is_whole(run_results: Path) -> bool:
    try:
        return bool(json.loads(run_results.read_text()))
    except (FileNotFoundError, ValueError):
        return False


def _step_row(content: dict, ended: datetime) -> Row:
    statuses = [result["status"] for result in content["results"]]
    failed = [status for status in statuses if status in ("error", "fail", "runtime error", "partial success")]
    return {
        "asset_name": "dbt",
        "asset_kind": "step",
        "status": "error" if failed else "success",
        "started_at": _moment(content["metadata"]["invocation_started_at"]),
        "finished_at": ended,
        "seconds": content.get("elapsed_time"),
        "message": f"{len(statuses)} tables and checks, {len(failed)} failed",
    }


def _table_row(table: Table, result: dict, ended: datetime, rows_of: dict[tuple[str, str], int]) -> Row:
    status = TABLE_STATUS.get(result["status"], "error")
    started, finished = _executed(result)
    return {
        "asset_name": table.name,
        "asset_kind": table.kind,
        "status": status,
        "started_at": started or ended,
        "finished_at": finished or ended,
        "seconds": result.get("execution_time"),
        "n_rows": rows_of.get((table.schema, table.relation)),
        "message": result.get("message") if status == "error" else None,
    }


def _check_row(check: Check, result: dict, ended: datetime) -> Row:
    status = CHECK_STATUS.get(result["status"], "fail")
    failures = result.get("failures")
    return {
        "check_name": check.name,
        "asset_name": check.asset_name,
        "check_type": "dbt_test",
        "severity": check.severity,
        "status": status,
        "value": None if failures is None else float(failures),
        "message": None if status == "pass" else result.get("message"),
        "evaluated_at": _executed(result)[1] or ended,
    }


def _executed(result: dict) -> tuple[datetime | None, datetime | None]:
    for timing in result.get("timing", ()):
        if timing["name"] == "execute":
            return _moment(timing["started_at"]), _moment(timing["completed_at"])
    return None, None


def _rows_of_tables(home: Path) -> dict[tuple[str, str], int]:
    path = home / "build.duckdb"
    if not path.exists():
        return {}
    with duckdb.connect(str(path), read_only=True) as connection:
        sql = "select schema_name, table_name, estimated_size from duckdb_tables()"
        return {(schema, table): rows for schema, table, rows in connection.execute(sql).fetchall()}


def _moment(text: str) -> datetime:
    """A moment as dbt writes it, in UTC without a zone, as all times in the warehouse are."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _peak_of_children() -> int:
    """The most that any process which this one started and saw end has had resident, in bytes; it never falls."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _forget_peak() -> bool:
    """Let the high-water mark of this process begin anew (proc(5), clear_refs); False where the system cannot."""
    try:
        (PROCESS / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _peak_since() -> int | None:
    """The most that this process has had resident since its mark was reset, in bytes; None where nothing tells."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", (PROCESS / "status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
