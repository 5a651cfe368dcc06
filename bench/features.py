"""Part a: the feature layer through dbt against the same columns written by hand.

One snapshot, the newest, for all customers, from an empty warehouse. dbt's figure is the execution time of its models,
that of a reference the time of its query or frame with the writing of its result; neither holds the start of Python.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from bench import dbt_run, feast_join, generate
from bench.equality import differing
from bench.options import Options
from bench.references import common
from bench.report import Figure, Section, gigabytes, spread

REFERENCES = {"duckdb_two_pass": "DuckDB by hand, two passes", "polars_streaming": "polars streaming by hand"}
SURVIVED = 100_000  # customers at which pandas and Feast are shown
RATIO, PEAK_GB = 1.5, 4.0
COLUMNS = ", ".join(f"{name}::{kind} as {name}" for name, kind in common.COLUMNS.items())


def reference(tool: str, lake: Path, out: Path) -> tuple[float, dbt_run.Process]:
    """Run one reference in its own process; seconds of its work, and the process."""
    out.unlink(missing_ok=True)
    process = dbt_run.measured([sys.executable, "-m", "bench.references", tool, str(lake / "batch=1"), str(out)])
    return json.loads(process.output.splitlines()[-1])["seconds"], process


def check_equal(home: Path, outs: dict[str, Path]) -> None:
    """Raise AssertionError unless dbt and the references calculated the same rows. Parquet is read with dbt's types."""
    with duckdb.connect() as con:
        con.execute(f"attach '{home}/build.duckdb' as dbt (read_only)")
        for tool, out in outs.items():
            relation = f"(select {COLUMNS} from '{out}')"
            if out.suffix == ".duckdb":
                con.execute(f"attach '{out}' as {tool} (read_only)")
                relation = f"{tool}.customer_features"
            found = differing(con, "dbt.features.customer_features", relation)
            assert not found, f"dbt and {tool} differ, rows by column: {found}"


def measure(options: Options) -> Section:
    """All repetitions, dbt and the references in turn."""
    lake, scratch = options.lake(), options.data / "features"
    outs = {tool: scratch / f"{tool}.{'duckdb' if 'duckdb' in tool else 'parquet'}" for tool in REFERENCES}
    runs: list[dbt_run.DbtRun] = []
    times: dict[str, list[float]] = {tool: [] for tool in REFERENCES}
    processes: dict[str, list[dbt_run.Process]] = {tool: [] for tool in REFERENCES}
    for n in range(options.repeat):
        home = generate.home(lake, scratch / "home")
        runs.append(dbt_run.run(home, {"training_months": 0}))
        options.say(f"a {n + 1}/{options.repeat}: dbt {runs[-1].seconds:.1f} s in models and {runs[-1].overhead:.1f} s")
        for tool, out in outs.items():
            seconds, process = reference(tool, lake, out)
            times[tool].append(seconds)
            processes[tool].append(process)
            options.say(f"a {n + 1}/{options.repeat}: {REFERENCES[tool]} {seconds:.1f} s")
        if n == 0:
            check_equal(home, outs)
            options.say("a: dbt and the references agree in every row and column")
    section = Section("a", "The feature layer against hand-written references", options.command("a"))
    fastest = min(statistics.median(values) for values in times.values())
    peak = max(run.process.peak for run in runs) / 1e9
    section.figures = [
        Figure(
            "feature layer through dbt / faster reference", statistics.median(r.seconds for r in runs) / fastest, RATIO
        ),
        Figure("peak memory of dbt", peak, PEAK_GB, " GB"),
    ]
    section.tables = [_tools(runs, times, processes), _models(runs)]
    section.notes = [
        f"{options.customers:,} customers; DuckDB's memory limit {dbt_run.MEMORY} on both sides; median (range).",
        "dbt and the references were compared row for row: equal, floats to 1e-9.",
        "dbt stores features in their groups; `customer_features` is a view that joins them when it is read, which is"
        " not counted. The references write them joined.",
    ]
    _show_survivors(options, section)
    return section


def _tools(
    runs: list[dbt_run.DbtRun], times: dict[str, list[float]], processes: dict[str, list[dbt_run.Process]]
) -> list[list[str]]:
    rows = [["tool", "seconds", "besides (start, parsing)", "processor seconds, all", "peak memory, GB"]]

    def row(name: str, seconds: list[float], ended: list[dbt_run.Process]) -> list[str]:
        besides = [process.wall - second for process, second in zip(ended, seconds, strict=True)]
        peak = gigabytes(max(process.peak for process in ended))
        return [name, spread(seconds), spread(besides), spread([process.cpu for process in ended]), peak]

    rows.append(row("dbt, one model at a time", [run.seconds for run in runs], [run.process for run in runs]))
    return rows + [row(REFERENCES[tool], times[tool], processes[tool]) for tool in REFERENCES]


def _models(runs: list[dbt_run.DbtRun]) -> list[list[str]]:
    medians = {name: statistics.median(run.models[name] for run in runs) for name in runs[0].models}
    slowest = sorted(medians, key=lambda name: -medians[name])[:12]
    rest = sum(seconds for name, seconds in medians.items() if name not in slowest)
    rows = [["model", "seconds"], *([name, f"{medians[name]:.2f}"] for name in slowest)]
    return [*rows, [f"{len(medians) - len(slowest)} more", f"{rest:.2f}"]]


def _show_survivors(options: Options, section: Section) -> None:
    """Pandas and Feast, once, at a size they survive; shown for comparison, without a target."""
    customers = min(options.customers, SURVIVED)
    lake, scratch = options.lake(customers=customers), options.data / "features"
    seconds, process = reference("pandas_whole", lake, scratch / "pandas.parquet")
    options.say(f"a: pandas at {customers:,} customers {seconds:.1f} s")
    rows = [["for comparison", "seconds", "peak memory, GB"]]
    rows.append([f"pandas, the same columns, {customers:,} customers", f"{seconds:.1f}", gigabytes(process.peak)])
    small, process = reference("duckdb_two_pass", lake, scratch / "small.duckdb")
    rows.append([f"DuckDB by hand, {customers:,} customers", f"{small:.1f}", gigabytes(process.peak)])
    rows += _joins(options, lake, section.notes.append)
    section.tables.append(rows)


def _joins(options: Options, lake: Path, note: Callable[[str], None]) -> list[list[str]]:
    try:
        joined = feast_join.measure(lake, options.data / "feast", options.say)
    except RuntimeError as error:
        note(f"Feast was not measured: {' '.join(str(error).split())[:300]}")
        return []
    note(f"The join: for each of {joined.rows:,} moments, the customer's last order before it; both agree.")
    return [
        [f"Feast {joined.version} on DuckDB, point-in-time join of {joined.rows:,} rows", f"{joined.feast:.2f}", ""],
        ["DuckDB asof join, the same rows", f"{joined.asof:.2f}", ""],
    ]
