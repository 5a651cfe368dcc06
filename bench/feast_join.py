"""Feast's point-in-time join beside DuckDB's asof join, in an environment of its own (``.venv-feast``)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import dbt_run
from bench.environment import python_of

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
    python = python_of("feast", say)
    scratch.mkdir(parents=True, exist_ok=True)
    say(f"a: Feast's point-in-time join of {ROWS:,} rows")
    process = dbt_run.measured(
        [str(python), str(SCRIPT), str(lake / "batch=1" / "orders.parquet"), str(scratch), str(ROWS)],
        {"FEAST_USAGE": "False"},
    )
    return Joined(**json.loads(process.output.splitlines()[-1]))
