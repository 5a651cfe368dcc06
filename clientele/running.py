"""Run dbt over the lake and say what came of it.

dbt runs as a process of its own and is read line by line, so that this library stays free of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import yaml

from clientele.contract import PROJECT_ROOT
from clientele.landing.lake import Lake
from clientele.locks import HeldError, holding_warehouse
from clientele.run_records import recording_dbt

Progress = Callable[[int, int, str], None]
VARS_FILE = "vars.yml"
# What decides the meaning of a feature, under dbt_project/.
FEATURE_CODE = ("macros", "seeds", "models/staging", "models/intermediate", "models/features")


class CannotRunError(Exception):
    """A run cannot start; the message says why and what to do."""


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


def dbt_command(
    home: Path,
    *,
    select: str | None = None,
    full_refresh: bool = False,
    trains: bool = True,
    variables: dict | None = None,
) -> list[str]:
    """Arguments of the dbt process that builds and tests the warehouse in `home`."""
    command = [
        *(str(Path(sys.executable).parent / "dbt"), "--log-format", "json", "build"),
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        *("--vars", json.dumps(variables or {})),
    ]
    if select:
        command += ["--select", select, "--indirect-selection", "cautious"]
    if not trains:
        command += ["--exclude", "tag:train"]
    if full_refresh:
        command += ["--full-refresh"]
    return command


def warehouse_vars(home: Path) -> dict:
    """The dbt vars of this warehouse, from ``<home>/vars.yml``; written on the first run, then the user's to edit.

    The reporting currency is settled once, as the one most orders are in: were it asked anew at every run, it could
    change under features that are already built.
    """
    path = home / VARS_FILE
    if path.exists():
        return yaml.safe_load(path.read_text()) or {}
    currency = _main_currency(home) or "EUR"
    path.write_text(
        "# Vars of this warehouse, over those of dbt_project.yml. After a change the next run builds everything anew.\n"
        f"reporting_currency: {currency}\n"
    )
    return {"reporting_currency": currency}


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

    Fits no model that has a champion, unless `refit` names it (names with commas between, or all) or what features mean
    has changed.

    The run reads the batches that are in place when it starts; data landing meanwhile waits for the next run. Where
    the vars of the warehouse or the code of the features changed since the last run, everything is built anew, so that
    no table mixes two meanings.
    Failed models and tests are in the report, not raised. Raises CannotRunError where nothing has landed yet, where
    another run holds the warehouse, and for a day that is none or lies beyond the data.
    """
    home = home.resolve()
    lake = Lake(home)
    batch = max(lake.batches(), default=0)
    if not batch:
        raise CannotRunError(f"{lake.raw} holds no data: land some with `clientele load MAPPING.yml` first.")
    lake.ensure_contract()
    variables = warehouse_vars(home)
    settled, meaning = home / "built_with.json", {"vars": variables, "code": _hash_of(*FEATURE_CODE)}
    is_changed = settled.exists() and json.loads(settled.read_text()) != meaning
    pinned = variables | {"lake_batch": batch, "macros_hash": _hash_of("macros")}
    if snapshot_date:
        pinned["snapshot_date"] = _checked_day(snapshot_date, lake)
    if refit:
        pinned["refit_models"] = refit
    with _one_run(home):
        trains = bool(refit or select or is_changed or full_refresh or models_to_fit(home))
        command = dbt_command(
            home,
            select=select,
            full_refresh=full_refresh or is_changed,
            trains=trains,
            variables=pinned,
        )
        with recording_dbt(home, job="train" if refit else "run", trains=trains) as recorded:
            report = _run(command, home, progress or _unseen)
            recorded.began = report.began
    if report.succeeded and not select:
        settled.write_text(json.dumps(meaning))
    return report


def fitted_models() -> list[str]:
    """Names of the models that are fitted: those with a node ml_<model>__fit."""
    fits = (PROJECT_ROOT / "dbt_project" / "models" / "ml").glob("*/ml_*__fit.py")
    return sorted(path.stem.removeprefix("ml_").removesuffix("__fit") for path in fits)


def models_to_fit(home: Path) -> list[str]:
    """Models that nothing can score with: never fitted, no version could be put to use, or stored another way."""
    from clientele.ml.registry import RECIPE

    path = home / "build.duckdb"
    if not path.exists():
        return fitted_models()
    with duckdb.connect(str(path), read_only=True) as connection:
        there = connection.execute(
            "select table_name from duckdb_columns where schema_name = 'ml' and column_name = 'recipe'"
        ).fetchall()
        return [
            model
            for model in fitted_models()
            if (f"ml_{model}__fit",) not in there or not _has_champion(connection, model, RECIPE)
        ]


def _has_champion(connection: duckdb.DuckDBPyConnection, model: str, recipe: int) -> bool:
    rows = connection.execute(
        f"select max_by(recipe, fit_number) from ml.ml_{model}__fit where is_promoted group by model_name"
    ).fetchall()
    return bool(rows) and all(row[0] == recipe for row in rows)


def _run(command: list[str], home: Path, progress: Progress) -> BuildReport:
    env = os.environ | {"CLIENTELE_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    report, plain = BuildReport(), list[str]()
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for event in _events(process, plain):
            _note(event, report, progress)
    if process.returncode and not report.errors:
        report.errors.append("\n".join(plain[-20:]) or f"dbt ended with code {process.returncode}")
    return report


def _hash_of(*folders: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for folder in folders:
        for path in sorted((PROJECT_ROOT / "dbt_project" / folder).rglob("*")):
            if path.suffix in (".sql", ".csv"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _checked_day(text: str, lake: Lake) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CannotRunError(f"--snapshot-date {text} is no day: write it as 2026-01-31") from error
    with duckdb.connect() as connection:
        files = [str(path) for path in lake.landings()]
        row = connection.execute("select max(max_loaded_at) from read_parquet($files)", {"files": files}).fetchall()[0]
    last = row[0].date() + timedelta(days=1)
    if day > last:
        raise CannotRunError(f"--snapshot-date {day} lies beyond the data: the last day it can tell of is {last}")
    return day.isoformat()


@contextmanager
def _one_run(home: Path) -> Iterator[None]:
    try:
        with holding_warehouse(home, "a run"):
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
