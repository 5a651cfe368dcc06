"""Part b: one more day against the full build, and the same day on twice the history.

The full build is `dbt run` of the feature layer from empty with the default vars, training snapshots included. Then the
next nightly load lands (batch 2: a day of events, late rows of the days before, corrections), and the same command runs
again. Before every repetition the warehouse is put back to where the full build left it.
"""

from __future__ import annotations

import shutil
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from bench import dbt_run, generate
from bench.options import Options
from bench.report import Figure, Section, gigabytes, spread

RATIO, GROWTH = 0.15, 0.10
HISTORIES = (3, 6)  # years


@dataclass
class History:
    """A lake of some years, built fully once or more, and the day that follows as often as asked."""

    years: int
    home: Path
    built: Path  # copy of the warehouse that the full build left
    full: list[dbt_run.DbtRun] = field(default_factory=list)
    days: list[dbt_run.DbtRun] = field(default_factory=list)

    @property
    def day_seconds(self) -> float:
        """Median of the day's execution time."""
        return statistics.median(run.seconds for run in self.days)


def build_fully(history: History, lake: Path, variables: dict[str, object] | None = None) -> dbt_run.DbtRun:
    """From an empty warehouse over batch 1, which then lies ready with batch 2 landed."""
    generate.home(lake, history.home)
    run = dbt_run.run(history.home, variables)
    shutil.copy2(history.home / "build.duckdb", history.built)
    generate.land(lake, history.home, 2)
    return run


def run_a_day(history: History) -> dbt_run.DbtRun:
    """The run after batch 2 has landed, from where the full build ended."""
    shutil.copy2(history.built, history.home / "build.duckdb")
    return dbt_run.run(history.home)


def measure(options: Options) -> Section:
    """Full builds first, then the days of both histories in turn."""
    scratch = options.data / "increment"
    scratch.mkdir(parents=True, exist_ok=True)
    lakes = {years: options.lake(years) for years in HISTORIES}
    histories = {y: History(y, scratch / f"home-{y}y", scratch / f"built-{y}y.duckdb") for y in HISTORIES}
    newest_only = _newest_only(options, lakes[3], scratch)
    for years, history in histories.items():
        for n in range(options.repeat if years == 3 else 1):
            history.full.append(build_fully(history, lakes[years]))
            options.say(f"b: full build of {years} years, {n + 1}: {history.full[-1].seconds:.1f} s")
    for n in range(options.repeat):
        for history in histories.values():
            history.days.append(run_a_day(history))
            options.say(f"b {n + 1}/{options.repeat}: a day on {history.years} years {history.days[-1].seconds:.1f} s")
    for history in histories.values():
        shutil.rmtree(history.home)
        history.built.unlink()
    return _section(options, histories, newest_only)


def _newest_only(options: Options, lake: Path, scratch: Path) -> list[dbt_run.DbtRun]:
    """Full builds without training snapshots: the smaller thing to compare a day with."""
    history = History(3, scratch / "home-newest", scratch / "built-newest.duckdb")
    runs = []
    for n in range(options.repeat):
        runs.append(build_fully(history, lake, {"training_months": 0}))
        options.say(f"b: full build without training snapshots, {n + 1}: {runs[-1].seconds:.1f} s")
    shutil.rmtree(history.home)
    history.built.unlink()
    return runs


def _section(options: Options, histories: dict[int, History], newest_only: list[dbt_run.DbtRun]) -> Section:
    short, long = (histories[years] for years in HISTORIES)
    full = statistics.median(run.seconds for run in short.full)
    growth = long.day_seconds / short.day_seconds - 1
    section = Section("b", "One more day against the full build", options.command("b"))
    section.figures = [
        Figure("one more day / full build", short.day_seconds / full, RATIO),
        Figure("growth of the day's time with twice the history", growth, GROWTH),
    ]
    rows = [["run", "seconds in models", "besides", "peak memory, GB"]]

    def row(name: str, runs: list[dbt_run.DbtRun]) -> list[str]:
        peak = gigabytes(max(run.process.peak for run in runs))
        return [name, spread([run.seconds for run in runs]), spread([run.overhead for run in runs]), peak]

    rows.append(row("full build, 3 years", short.full))
    rows.append(row("full build, 3 years, newest snapshot only", newest_only))
    rows.append(row("full build, 6 years", long.full))
    rows.append(row("one more day on 3 years", short.days))
    rows.append(row("one more day on 6 years", long.days))
    section.tables = [rows, _models(short, long)]
    alone = statistics.median(run.seconds for run in newest_only)
    section.notes = [
        f"{options.customers:,} customers; 20 orders and 80 sessions a customer in three years, as many a day in six.",
        f"Against the full build of the newest snapshot only, a day is {short.day_seconds / alone:.2f}.",
        "The day: new customers, its orders and sessions, late rows of four days, 1 in 50 orders of a week corrected.",
    ]
    return section


def _models(short: History, long: History) -> list[list[str]]:
    def medians(runs: list[dbt_run.DbtRun]) -> dict[str, float]:
        return {name: statistics.median(run.models[name] for run in runs) for name in runs[0].models}

    full, day, day_long = medians(short.full), medians(short.days), medians(long.days)
    slowest = sorted(day, key=lambda name: -day[name])[:12]
    rows = [["model, seconds", "full build", "one more day", "one more day, 6 years"]]
    return rows + [[name, f"{full[name]:.2f}", f"{day[name]:.2f}", f"{day_long[name]:.2f}"] for name in slowest]
