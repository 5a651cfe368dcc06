"""Feast's point-in-time join beside DuckDB's asof join, in an environment of its own (``.venv-feast``)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import dbt_run
from clientele.contract import PROJECT_ROOT

VENV = PROJECT_ROOT / ".venv-feast"
LOCK = PROJECT_ROOT / "requirements" / "feast.lock"
SCRIPT = Path(__file__).resolve().parent / "feast_script.py"
ROWS = 100_000


@dataclass(frozen=True)
class Joined:
    """Seconds of both joins; each the better of two, so that no first-time compilation counts."""

    rows: int
    feast: float
    asof: float
    version: str


def measure(lake: Path, scratch: Path, say: Callable[[str], None]) -> Joined:
    """Raises RuntimeError with the cause where Feast cannot be installed or fails."""
    python = _environment(say)
    scratch.mkdir(parents=True, exist_ok=True)
    say(f"a: Feast's point-in-time join of {ROWS:,} rows")
    process = dbt_run.measured(
        [str(python), str(SCRIPT), str(lake / "batch=1" / "orders.parquet"), str(scratch), str(ROWS)],
        {"FEAST_USAGE": "False"},
    )
    return Joined(**json.loads(process.output.splitlines()[-1]))


def _environment(say: Callable[[str], None]) -> Path:
    """Python of the environment, set up from the lock if the lock is newer."""
    python, stamp = VENV / "bin" / "python", VENV / ".feast.stamp"
    if stamp.exists() and stamp.stat().st_mtime >= LOCK.stat().st_mtime:
        return python
    say("a: setting up .venv-feast")
    uv = Path(sys.executable).parent / "uv"
    commands = [
        [str(uv), "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)],
        [str(uv), "pip", "install", "--quiet", "--python", str(python), "--requirements", str(LOCK)],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"its environment could not be set up: {done.stderr[-1000:]}")
    stamp.touch()
    return python
