"""What the daily run costs through Dagster: ``python -m bench.daily`` writes bench/daily.md.

A demo company lands in two warehouses. One is built by the bare dbt of `clientele run`, the other by the job `daily`:
first a day that also fits the models, then the day after, which brings an export of its own. All of it several times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.faults.company import EXPORT, ROWS, drop_next_day
from bench.report import machine, spread
from clientele.contract import PROJECT_ROOT
from clientele.demo import AS_OF, write_demo
from clientele.landing import load
from clientele.landing.inbox import drop_folder, drop_into
from clientele.records import Records

PAGE = Path(__file__).with_name("daily.md")
STEPS = ("land", "dbt", "drift", "audit", "publish")
WATCHING = ("drift", "audit", "publish")
ELSE = "start and all else"
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


@dataclass(frozen=True)
class Measured:
    """Of a first and a next day: wall seconds of the daily runs, their steps, and those of the bare builds."""

    whole: list[float]
    daily: list[dict[str, float]]
    bare: list[dict[str, float]]


def measure(folder: Path, customers: int) -> Measured:
    """Two days of a company that lies in `folder`."""
    exports = folder / "exports"
    mapping, whole = write_demo(exports, customers), []
    for home in (folder / "bare", folder / "daily"):
        load(mapping, home=home)
    drop_into(folder / "daily", "demo", exports)
    day = AS_OF
    for number in range(2):  # in turn, so that both meet the same machine
        if number:
            day = drop_next_day(folder / "daily")
            drop_next_day(folder / "bare")
            load(drop_folder(folder / "bare") / EXPORT / "mapping.yml", home=folder / "bare")
        clientele("run", "--snapshot-date", day, "--home", folder / "bare")
        whole.append(clientele("daily", "--to", day, "--home", folder / "daily"))
    found = Measured(whole, steps(folder / "daily", "daily"), steps(folder / "bare", "run"))
    for run, seconds in zip(found.daily, whole, strict=True):
        run[ELSE] = seconds - sum(run[step] for step in STEPS)
    return found


def verdict(value: float, most: float) -> str:
    """Held or missed."""
    return "met" if value <= most else "**MISSED**"


def page(customers: int, repeats: Sequence[Measured]) -> str:
    """The page: medians and ranges, verdicts by the medians."""
    ratios = [[of.daily[day]["dbt"] / of.bare[day]["dbt"] for of in repeats] for day in (0, 1)]
    watching = [[sum(of.daily[day][step] for step in WATCHING) for of in repeats] for day in (0, 1)]
    rows = [
        ("dbt through Dagster / bare dbt build, first day", ratios[0], MOST_RATIO),
        ("dbt through Dagster / bare dbt build, next day", ratios[1], MOST_RATIO),
        ("drift, audit and publication, first day, s", watching[0], MOST_WATCHING),
        ("drift, audit and publication, next day, s", watching[1], MOST_WATCHING),
        ("next day / first day, whole run", [of.whole[1] / of.whole[0] for of in repeats], MOST_NEXT),
    ]
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "evidently")
    )
    phases = [(phase, [[of.daily[day][phase] for of in repeats] for day in (0, 1)]) for phase in (*STEPS, ELSE)]
    phases.append(("in all", [[of.whole[day] for of in repeats] for day in (0, 1)]))
    bare = [[of.bare[day]["dbt"] for of in repeats] for day in (0, 1)]
    phases.append(("for comparison: bare dbt build of the same tables", bare))
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
            *(
                f"| {what} | {spread(values, 2)} | <= {most:g} | {verdict(median(values), most)} |"
                for what, values, most in rows
            ),
            "",
            "| phase, seconds | first day | next day |",
            "|---|---:|---:|",
            *(f"| {phase} | {spread(first)} | {spread(following)} |" for phase, (first, following) in phases),
            "",
            f"- {customers:,} customers, three years; {len(repeats)} times, median and range. The first day finds its "
            f"exports landed, builds all tables and fits all models; the next lands {ROWS} orders and {ROWS} sessions "
            "and fits nothing.",
            "- `start and all else` is Python, Dagster's definitions and the parsing of the manifest.",
            "",
        ]
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=3)
    asked, repeats = parser.parse_args(), []
    for _ in range(asked.repeats):
        with tempfile.TemporaryDirectory() as name:
            repeats.append(measure(Path(name), asked.customers))
    text = page(asked.customers, repeats)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
