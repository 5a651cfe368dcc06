"""Run dbt over the lake and say what came of it.

dbt runs as a process of its own and is read line by line, so that this library stays free of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from clientele import policy, seeds, unit_tests
from clientele.contract import PROJECT_ROOT
from clientele.files import write_whole
from clientele.fitting import models_to_fit
from clientele.landing.damage import complaint, damaged
from clientele.landing.lake import Lake
from clientele.locks import WAREHOUSE_LOCK, HeldError, holding_warehouse, living_holder, unsaid
from clientele.nearest import meant
from clientele.run_records import DbtInvocation, recording_dbt

Progress = Callable[[int, int, str], None]
VARS_FILE = "vars.yml"
# What the tables of the last whole build mean.
SETTLED_FILE = "built_with.json"
# What dbt is to leave out, and what alone it is to make, by its own variables.
EXCLUDED, INCLUDED = "DBT_EXCLUDE_RESOURCE_TYPES", "DBT_RESOURCE_TYPES"
# Vars of checks, which judge tables and change none.
MONITORING_VARS = ("drift_", "performance_", "volume_", "freshness_", "model_refit_")
# Parameters of the classifier of free text, as seen from dbt_project/.
TEXT_MODEL = "../clientele/ml/emotion_text.parquet"
# What decides the meaning of a feature, under dbt_project/.
FEATURE_CODE = (
    "macros", "seeds/engagement_weights.csv", "seeds/consent_policy.csv", "seeds/emotion_labels.csv",
    "models/staging", "models/intermediate", "models/features", TEXT_MODEL,
)  # fmt: skip


class CannotRunError(Exception):
    """A run cannot start; the message says why and what to do."""


class VarsError(CannotRunError):
    """The vars of a warehouse cannot be read; the message says where and what they are to be."""


@dataclass
class BuildReport:
    """What one dbt invocation did."""

    seconds: float = 0.0
    began: bool = False  # whether anything was built or tested at all
    models_built: int = 0
    tests_passed: int = 0
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed; warnings do not count."""
        return not self.errors


@dataclass(frozen=True)
class Asked:
    """What one run is to build, and on whose behalf."""

    job: str
    run_id: str = ""  # dbt's id of the invocation unless given
    refit: str = ""  # models to fit whatever their age: names with commas between, or all
    drifted: str = ""  # likewise, since they drifted
    trains: bool = False  # models may be fitted where they are too old or have drifted
    full_refresh: bool = False
    snapshot_date: str | None = None  # YYYY-MM-DD; the newest that the data allow unless given
    snapshot_from: str | None = None  # the first day of several
    in_silence: bool = False  # up to today, though the sources may have brought nothing for days


@dataclass(frozen=True)
class DbtBuild:
    """How `dbt build` is called for one run: the same from the command line and from Dagster."""

    home: Path
    arguments: list[str]  # without a selection of its own
    environment: dict[str, str]  # over that of this process
    meaning: dict = field(repr=False)
    code: str = field(repr=False)  # that unit tests pass or fail by
    trains: bool
    invocation: DbtInvocation = field(default_factory=DbtInvocation, repr=False)  # told whether dbt began at all

    def settle(self) -> None:
        """Remember what the tables mean now that all of them are built, and that their unit tests passed."""
        write_whole(self.home / SETTLED_FILE, json.dumps(self.meaning))
        if not os.environ.get(EXCLUDED) and not os.environ.get(INCLUDED):
            unit_tests.note_passed(self.home, self.code, trains=self.trains)


def warehouse_vars(home: Path) -> dict:
    """The dbt vars of this warehouse, from ``<home>/vars.yml``; written on the first run, then the user's to edit.

    The reporting currency is settled once, as the one most orders are in: were it asked anew at every run, it could
    change under features that are already built. Raises VarsError.
    """
    if (home / VARS_FILE).exists():
        return stored_vars(home)
    currency = _main_currency(home) or "EUR"
    write_whole(
        home / VARS_FILE,
        "# Vars of this warehouse, over those of dbt_project.yml. After a change the next run builds everything anew.\n"
        f"reporting_currency: {currency}\n",
    )
    return {"reporting_currency": currency}


def stored_vars(home: Path) -> dict:
    """What ``<home>/vars.yml`` holds; none where it is not written yet. Raises VarsError."""
    path = home / VARS_FILE
    try:
        found = (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VarsError(f"{path} is no YAML: {error}") from error
    if not isinstance(found, dict):
        raise VarsError(f"{path} holds no vars: write one a line, as in `reporting_currency: EUR`")
    known = _project_defaults()
    if unknown := [str(name) for name in found if name not in known]:
        told = [f"  - no var is called {name}{meant(name, known)}" for name in unknown]
        said = f"{path} sets what is not there, or not any more (dbt_project.yml lists all vars); take it out:"
        raise VarsError("\n".join([said, *told]))
    return found


def _project_defaults() -> dict:
    return yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())["vars"]


def building_vars(of_warehouse: Mapping[str, Any]) -> dict:
    """Those vars of the warehouse that tables and their tests depend on."""
    return {name: value for name, value in of_warehouse.items() if not str(name).startswith(MONITORING_VARS)}


def project_vars(home: Path) -> dict:
    """The vars that dbt is called with: the same from run to run, as it parses everything anew when one changes.

    Before anything has landed there are none of the warehouse: its currency is settled by its orders.
    """
    of_warehouse = warehouse_vars(home) if Lake(home).landings() else {}
    return of_warehouse | {"macros_hash": _hash_of("macros", TEXT_MODEL)}


def effective_vars(home: Path) -> dict:
    """The vars that hold for a warehouse: those of dbt_project.yml under those of ``<home>/vars.yml``.

    Raises VarsError.
    """
    return _project_defaults() | stored_vars(home)


def newest_snapshot(home: Path) -> date:
    """The first midnight at which everything in the lake is visible, as the macro newest_snapshot has it.

    Raises CannotRunError where nothing has landed yet.
    """
    files = [str(path) for path in Lake(home).landings()]
    if not files:
        raise CannotRunError(f"{Lake(home).raw} holds no data: land some with `clientele load MAPPING.yml` first.")
    with duckdb.connect() as connection:
        happened, known = connection.execute(
            "select max(max_clock_at), max(max_loaded_at) from read_parquet($files)", {"files": files}
        ).fetchall()[0]
    grace = timedelta(hours=effective_vars(home)["load_grace_hours"])
    return max((happened or known).date(), (known - grace).date()) + timedelta(days=1)


def _main_currency(home: Path) -> str | None:
    files = [str(path) for path in Lake(home).files("orders")]
    if not files:
        return None
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select currency from read_parquet($files) where currency is not null"
            " group by currency order by count(*) desc, currency limit 1",
            {"files": files},
        ).fetchall()
    return rows[0][0] if rows else None


@contextmanager
def prepared_build(
    home: Path, asked: Asked, *, wait: bool = False, say: Callable[[str], None] = unsaid
) -> Iterator[DbtBuild]:
    """Hold the warehouse in `home` for one `dbt build`, say how to call it, and record what came of it.

    Fits no model that has a champion, unless asked to, or what features mean has changed.

    The run reads the batches that are in place when it starts; data landing meanwhile waits for the next run. Where
    the vars of the warehouse or the code of the features changed since the last run, everything is built anew, so that
    no table mixes two meanings.
    Raises CannotRunError where nothing has landed yet or a landed file is damaged, where another run holds the
    warehouse (unless told to `wait`), for a day that is none or lies beyond the data, and where a credit model would
    read what the policy denies.
    """
    with _one_run(home.resolve(), asked.job, wait=wait, say=say):
        prepared = _prepared(home.resolve(), asked)
        with recording_dbt(prepared.home, job=asked.job, trains=prepared.trains, run_id=asked.run_id) as invocation:
            yield replace(prepared, invocation=invocation)


def _prepared(home: Path, asked: Asked) -> DbtBuild:
    lake = Lake(home)
    batch = max(lake.batches(), default=0)
    if not batch:
        raise CannotRunError(f"{lake.raw} holds no data: land some with `clientele load MAPPING.yml` first.")
    lake.ensure_contract()
    if found := damaged(lake):
        raise CannotRunError(complaint(found))
    if wrong := seeds.violations():
        raise CannotRunError(
            "\n".join(["nothing is built, as seeds hold what they may not:", *(f"  - {line}" for line in wrong)])
        )
    settled = home / SETTLED_FILE
    building = building_vars(warehouse_vars(home))
    meaning = {"vars": building, "code": _hash_of(*FEATURE_CODE)}
    is_changed = settled.exists() and json.loads(settled.read_text()) != meaning
    is_anew = asked.full_refresh or is_changed
    if is_changed and not asked.full_refresh:
        _heed_order(home, asked)
    trains = bool(asked.refit or asked.drifted or asked.trains or is_anew or models_to_fit(home))
    try:
        policy.ensure(home, project_vars(home), effective_vars(home)["jurisdiction"], building)
    except policy.PolicyError as error:
        raise CannotRunError(str(error)) from error
    settings = {
        "lake_batch": str(batch),
        "run_id": asked.run_id,
        "refit_models": asked.refit,
        "drifted_models": asked.drifted,
        "snapshot_date": _checked_day(asked.snapshot_date, lake, asked.in_silence) if asked.snapshot_date else "",
        "snapshot_from": _checked_day(asked.snapshot_from, lake, asked.in_silence) if asked.snapshot_from else "",
    }
    code = unit_tests.code_and_vars(building)
    is_tested = not is_anew and unit_tests.have_passed(home, code, trains=trains)
    return DbtBuild(
        home=home,
        arguments=[
            *("--vars", json.dumps(project_vars(home))),
            *(("--full-refresh",) if is_anew else ()),
            *(() if trains else ("--exclude", "tag:train")),
        ],
        environment={
            "CLIENTELE_HOME": str(home),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            **({EXCLUDED: os.environ.get(EXCLUDED, "unit_test")} if is_tested else {}),
            **{f"CLIENTELE_{name.upper()}": value for name, value in settings.items()},
        },
        meaning=meaning,
        code=code,
        trains=trains,
    )


def build(
    home: Path,
    *,
    select: str | None = None,
    full_refresh: bool = False,
    refit: str = "",
    snapshot_date: str | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build and test all models over the lake in `home`, or those of a dbt selection.

    Failed models and tests are in the report, not raised. Raises CannotRunError as prepared_build, which says what is
    fitted and what is built anew.
    """
    asked = Asked(
        "train" if refit else "run",
        refit=refit,
        full_refresh=full_refresh,
        trains=bool(select),
        snapshot_date=snapshot_date,
    )
    with prepared_build(home, asked) as prepared:
        report = _run(prepared, select, progress or _unseen)
        prepared.invocation.began = report.began
        if report.succeeded and not select:
            prepared.settle()
    return report


def run_daily(home: Path, first: str | None = None, last: str | None = None) -> int:
    """Run the job `daily` through Dagster, in a process of its own that writes its progress to stderr.

    Returns its exit code: 0, 1 where the run failed, 2 where it could not start.
    """
    days = [*(("--from", first) if first else ()), *(("--to", last) if last else ())]
    command = [sys.executable, "-m", "dagster_project.launch", "daily", *days]
    env = os.environ | {"CLIENTELE_HOME": str(home.resolve()), "DO_NOT_TRACK": "1"}
    return subprocess.run(command, cwd=PROJECT_ROOT, env=env, check=False).returncode


def _run(prepared: DbtBuild, select: str | None, progress: Progress) -> BuildReport:
    home = prepared.home
    command = [
        *(str(Path(sys.executable).parent / "dbt"), "--log-format", "json", "build"),
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        *(("--select", select, "--indirect-selection", "cautious") if select else ()),
        *prepared.arguments,
    ]
    env = os.environ | prepared.environment
    report, plain = BuildReport(), list[str]()
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for event in _events(process, plain):
            _note(event, report, progress)
    prepared.invocation.began = report.began
    if process.returncode and not report.errors:
        report.errors.append("\n".join(plain[-20:]) or f"dbt ended with code {process.returncode}")
    return report


def _hash_of(*parts: str) -> str:
    """Of the code in files and folders under dbt_project/."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in (PROJECT_ROOT / "dbt_project" / part for part in parts):
        for path in sorted(part.rglob("*")) or [part]:
            if path.suffix in (".sql", ".csv", ".parquet"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def newest_built(home: Path) -> date | None:
    """The newest day that was built for all customers, if any was. Raises CannotRunError where it cannot be read."""
    path = home / "build.duckdb"
    if not path.exists():
        return None
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        by = living_holder(home / WAREHOUSE_LOCK)
        if not by and "Could not set lock" not in str(error):
            mend = "Remove it and `clientele run` makes it anew"
            raise CannotRunError(f"{path} cannot be read: {error}. {mend}") from error
        held = f"{home} is held by {by or 'another process'}"
        raise CannotRunError(f"{held}: wait until it is done, or say which day") from error
    with connection:
        there = "select 1 from duckdb_tables() where table_name = 'int_core__snapshots'"
        if not connection.execute(there).fetchall():
            return None
        sql = "select max(snapshot_date) from intermediate.int_core__snapshots where is_full"
        return connection.execute(sql).fetchall()[0][0]


def _heed_order(home: Path, asked: Asked) -> None:
    """Building all anew starts with the newest day: were it a day of the past, the marts would go back to it."""
    newest = newest_built(home)
    if asked.snapshot_date and newest and asked.snapshot_date < newest.isoformat():
        raise CannotRunError(
            f"features, macros or vars changed, so the next run builds everything anew, and {asked.snapshot_date} lies"
            f" before the newest day that was built, {newest}. Run that one first: `clientele run` or `clientele daily`"
        )


def _checked_day(text: str, lake: Lake, in_silence: bool) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CannotRunError(f"--snapshot-date {text} is no day: write it as 2026-01-31") from error
    with duckdb.connect() as connection:
        files = [str(path) for path in lake.landings()]
        row = connection.execute("select max(max_loaded_at) from read_parquet($files)", {"files": files}).fetchall()[0]
    last = row[0].date() + timedelta(days=1)
    # The clock on the wall only tells a typing error from a source that has fallen silent; no model sees it.
    if day > last and not (in_silence and day <= datetime.now(UTC).date()):
        raise CannotRunError(f"--snapshot-date {day} lies beyond the data: the last day it can tell of is {last}")
    return day.isoformat()


@contextmanager
def _one_run(home: Path, what: str, *, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    try:
        with holding_warehouse(home, what, writes=True, wait=wait, say=say):
            yield
    except HeldError as error:
        raise CannotRunError(str(error)) from error


def _unseen(_done: int, _total: int, _name: str) -> None:
    """Progress that nobody looks at."""


def _events(process: subprocess.Popen[str], plain: list[str]) -> Iterator[dict]:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            plain.append(line.rstrip())
            continue
        if event.get("info", {}).get("level") == "error":
            plain.append(event["info"]["msg"])
        yield event


def _note(event: dict, report: BuildReport, progress: Progress) -> None:
    name, data = event.get("info", {}).get("name"), event.get("data", {})
    node = data.get("node_info", {}).get("node_name", "")
    if name == "LogStartLine":
        report.began = True
    elif name in ("LogModelResult", "LogSeedResult"):
        report.models_built += data.get("status") != "error"
        progress(data["index"], data.get("total") or data.get("num_models") or 0, node)
    elif name == "LogTestResult":
        report.tests_passed += data.get("status") == "pass"
        if data.get("status") == "warn":
            report.warnings.append(f"{node}: {data['num_failures']} rows")
        progress(data["index"], data.get("total") or data.get("num_models") or 0, node)
    elif name in ("EndOfRunSummary", "FinishedRunningStats"):
        report.seconds = data.get("execution_time", report.seconds)
    elif name in ("RunResultError", "RunResultFailure"):
        report.errors.append(data.get("msg") or event["info"]["msg"])
