"""What the daily run costs through Dagster: ``python -m bench.daily`` writes bench/daily.md.

A demo company lands in two warehouses. One is built by the bare dbt of `clientele run`, the other by the job `daily`:
first a day that also fits the models, then the day after.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from bench.report import machine
from clientele.contract import PROJECT_ROOT
from clientele.demo import AS_OF, write_demo
from clientele.landing import load
from clientele.landing.inbox import drop_into
from clientele.records import Records

PAGE = Path(__file__).with_name("daily.md")
DAYS = (AS_OF - timedelta(days=1), AS_OF)
STEPS = ("land", "dbt", "drift", "audit", "publish")
MOST_RATIO, MOST_WATCHING, MOST_NEXT = 1.3, 60.0, 0.5


def clientele(*arguments: object) -> float:
    """Wall seconds of a command. Raises CalledProcessError where it fails."""
    began = time.monotonic()
    command = [str(Path(sys.executable).parent / "clientele"), *map(str, arguments)]
    subprocess.run(command, cwd=PROJECT_ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def steps(home: Path, job: str) -> list[dict[str, float]]:
    """Seconds by step of each run of a job, oldest first."""
    rows = [r for r in Records(home).read("ops_runs").to_pylist() if r["asset_kind"] == "step" and r["job"] == job]
    runs: dict[str, dict[str, float]] = {}
    for row in sorted(rows, key=lambda row: row["started_at"]):
        runs.setdefault(row["run_id"], {})[row["asset_name"]] = row["seconds"]
    return list(runs.values())


def measure(folder: Path, customers: int) -> tuple[list[float], list[dict[str, float]], list[dict[str, float]]]:
    """Wall seconds of the two daily runs, their steps, and those of the two bare builds."""
    exports = folder / "exports"
    mapping, whole = write_demo(exports, customers), []
    for home in (folder / "bare", folder / "daily"):
        load(mapping, home=home)
    drop_into(folder / "daily", "demo", exports)
    for day in DAYS:  # in turn, so that both meet the same machine
        clientele("run", "--snapshot-date", day, "--home", folder / "bare")
        whole.append(clientele("daily", "--to", day, "--home", folder / "daily"))
    return whole, steps(folder / "daily", "daily"), steps(folder / "bare", "run")


def verdict(value: float, most: float) -> str:
    """Held or missed."""
    return "met" if value <= most else "**MISSED**"


def page(
    customers: int, whole: Sequence[float], daily: Sequence[dict[str, float]], bare: Sequence[dict[str, float]]
) -> str:
    """The page."""
    ratios = [mine["dbt"] / plain["dbt"] for mine, plain in zip(daily, bare, strict=True)]
    watching = [sum(run[step] for step in ("drift", "audit", "publish")) for run in daily]
    rows = [
        ("dbt through Dagster / bare dbt build, first day", ratios[0], MOST_RATIO),
        ("dbt through Dagster / bare dbt build, next day", ratios[1], MOST_RATIO),
        ("drift, audit and publication, first day, s", watching[0], MOST_WATCHING),
        ("drift, audit and publication, next day, s", watching[1], MOST_WATCHING),
        ("next day / first day, whole run", whole[1] / whole[0], MOST_NEXT),
    ]
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "evidently")
    )
    phases = [*STEPS, "start and all else"]
    for run, seconds in zip(daily, whole, strict=True):
        run["start and all else"] = seconds - sum(run[step] for step in STEPS)
    return "\n".join(
        [
            "# What the daily run costs",
            "",
            f"Written by `make bench-daily` (`python -m bench.daily --customers {customers}`), not by hand.",
            "",
            f"Machine: {machine()}. Versions: {versions}.",
            "",
            "| what | measured | target | verdict |",
            "|---|---:|---:|---|",
            *(f"| {what} | {value:.2f} | <= {most:g} | {verdict(value, most)} |" for what, value, most in rows),
            "",
            "| phase, seconds | first day | next day |",
            "|---|---:|---:|",
            *(f"| {phase} | {daily[0][phase]:.1f} | {daily[1][phase]:.1f} |" for phase in phases),
            f"| in all | {whole[0]:.1f} | {whole[1]:.1f} |",
            f"| for comparison: bare dbt build of the same tables | {bare[0]['dbt']:.1f} | {bare[1]['dbt']:.1f} |",
            "",
            f"- {customers:,} customers, three years. The first day builds all tables and fits all models; the next "
            "day fits nothing. Both find the drop folder landed already.",
            "- `start and all else` is Python, Dagster's definitions and the parsing of the manifest.",
            "",
        ]
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000)
    customers = parser.parse_args().customers
    with tempfile.TemporaryDirectory() as name:
        text = page(customers, *measure(Path(name), customers))
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
