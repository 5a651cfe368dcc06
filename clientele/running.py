"""Run dbt over the lake and say what came of it.

dbt runs as a process of its own and is read line by line, so that this library stays free of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clientele.contract import PROJECT_ROOT

Progress = Callable[[int, int, str], None]


@dataclass
class BuildReport:
    """What one dbt invocation did."""

    seconds: float = 0.0
    models_built: int = 0
    tests_passed: int = 0
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed; warnings do not count."""
        return not self.errors


def dbt_command(
    home: Path, *, select: str | None = None, full_refresh: bool = False, variables: dict | None = None
) -> list[str]:
    """Arguments of the dbt process that builds and tests the warehouse in `home`."""
    command = [
        *(str(Path(sys.executable).parent / "dbt"), "--log-format", "json", "--no-write-json", "build"),
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        *("--vars", json.dumps(variables or {})),
    ]
    if select:
        command += ["--select", select]
    if full_refresh:
        command += ["--full-refresh"]
    return command


def build(
    home: Path,
    *,
    select: str | None = None,
    full_refresh: bool = False,
    snapshot_date: str | None = None,
    lake_batch: int | None = None,
    progress: Progress = lambda done, total, name: None,
) -> BuildReport:
    """Build and test all models over the lake in `home`, or those of a dbt selection.

    `lake_batch` pins what the run reads, so that data landing meanwhile waits for the next run.
    Failed models and tests are in the report, not raised.
    """
    home = home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    variables: dict = {} if lake_batch is None else {"lake_batch": lake_batch}
    if snapshot_date:
        variables["snapshot_date"] = snapshot_date
    command = dbt_command(home, select=select, full_refresh=full_refresh, variables=variables)
    env = os.environ | {"CLIENTELE_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    report = BuildReport()
    process = subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    plain = []
    with process:
        for event in _events(process, plain):
            _note(event, report, progress)
    if process.returncode and not report.errors:
        report.errors.append("\n".join(plain[-20:]) or f"dbt ended with code {process.returncode}")
    return report


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
    if name in ("LogModelResult", "LogSeedResult"):
        report.models_built += data.get("status") != "error"
        progress(data["index"], data["total"], node)
    elif name == "LogTestResult":
        report.tests_passed += data.get("status") == "pass"
        if data.get("status") == "warn":
            report.warnings.append(f"{node}: {data['num_failures']} rows")
        progress(data["index"], data["total"], node)
    elif name == "EndOfRunSummary" or name == "FinishedRunningStats":
        report.seconds = data.get("execution_time", report.seconds)
    elif name in ("RunResultError", "RunResultFailure"):
        report.errors.append(data.get("msg") or event["info"]["msg"])
