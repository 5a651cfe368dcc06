"""Part c: rows per second of `clientele load` against DuckDB's plain typed copy of the same file.

The copy turns the file into Parquet with the contract's types and does nothing else: no check of a rule, no key, no
refusal, no fingerprint. Both have the same memory, threads and compression, and a process of their own.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from bench import dbt_run
from bench.options import Options
from bench.report import Figure, Section, gigabytes, spread
from clientele.contract import load_contract

MEMORY, THREADS = "1GB", 2
ROWS_PER_CUSTOMER = 10  # 10 M orders of a million customers
RATIO = 3.0
MAPPING = "version: 1\nentities:\n  orders:\n    path: {name}\n"


@dataclass
class Export:
    """A file of orders, and how long it took to load and to copy."""

    what: str
    name: str
    has_target: bool = True
    load: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Median load against median copy."""
        return statistics.median(self.load) / statistics.median(self.copy)


def exports() -> list[Export]:
    """The files that are measured."""
    return [
        Export("CSV, sorted by time", "orders.csv"),
        Export("Parquet, sorted by time", "orders.parquet"),
        Export("CSV, in no order", "orders_unsorted.csv", has_target=False),
    ]


def write_exports(lake: Path, folder: Path, rows: int) -> int:
    """Orders as a shop would export them, once in each form. Returns the number of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    source = f"read_parquet('{lake}/batch=1/orders.parquet', hive_partitioning = false)"
    chosen = f"select * exclude (loaded_at, supersedes_loaded_at) from {source} limit {rows}"
    with duckdb.connect() as con:
        con.execute(f"set memory_limit = '2GB'; set temp_directory = '{folder}/tmp'")
        con.execute(f"copy ({chosen}) to '{folder}/orders.parquet' (format parquet)")
        con.execute(f"copy ({chosen}) to '{folder}/orders.csv' (header)")
        con.execute(
            f"copy (select * from ({chosen}) order by hash(order_id)) to '{folder}/orders_unsorted.csv' (header)"
        )
        row = con.execute(f"select count(*) from '{folder}/orders.parquet'").fetchone()
    assert row is not None
    for export in exports():
        (folder / f"{export.name}.yml").write_text(MAPPING.format(name=export.name))
    return int(row[0])


def load_once(folder: Path, name: str, home: Path) -> int:
    """What is timed: one load into an empty lake. Returns the rows that landed."""
    from clientele.landing import load

    report = load(folder / f"{name}.yml", home=home, mode="history", memory=MEMORY, threads=THREADS)
    return report.entities[0].rows_landed


def copy_once(folder: Path, name: str, home: Path) -> int:
    """What it is compared with: DuckDB's copy with the types given."""
    types = {column.name: column.data_type for column in load_contract()["orders"].columns.values()}
    source, target = folder / name, home / "orders.parquet"
    spelled = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    relation = f"read_csv('{source}', header = true, columns = {{{spelled}}})"
    if source.suffix == ".parquet":
        relation = (
            f"(select {', '.join(f'{c}::{kind} as {c}' for c, kind in types.items())} from read_parquet('{source}'))"
        )
    home.mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        con.execute(f"set memory_limit = '{MEMORY}'; set threads = {THREADS}; set temp_directory = '{home}/tmp'")
        row = con.execute(f"copy (from {relation}) to '{target}' (format parquet)").fetchone()
    assert row is not None
    return int(row[0])


def measure(options: Options) -> Section:
    """Load and copy in turn, every file, all repetitions."""
    import shutil

    folder = options.data / "throughput"
    rows = write_exports(options.lake(), folder, ROWS_PER_CUSTOMER * options.customers)
    files = exports()
    for n in range(options.repeat):
        for export in files:
            for what, times in (("copy", export.copy), ("load", export.load)):
                home = folder / "home"
                shutil.rmtree(home, ignore_errors=True)
                process = dbt_run.measured(
                    [sys.executable, "-m", "bench.throughput", what, str(folder), export.name, str(home)]
                )
                done = json.loads(process.output.splitlines()[-1])
                assert done["rows"] == rows, f"{what} of {export.name}: {done['rows']} of {rows} rows"
                times.append(done["seconds"])
                export.peaks[what] = max(export.peaks.get(what, 0), process.peak)
            options.say(
                f"c {n + 1}/{options.repeat}: {export.what}: load {export.load[-1]:.1f} s, copy {export.copy[-1]:.1f} s"
            )
    sizes = {export.name: (folder / export.name).stat().st_size for export in files}
    shutil.rmtree(folder)
    return _section(options, files, rows, sizes)


def _section(options: Options, files: list[Export], rows: int, sizes: dict[str, int]) -> Section:
    section = Section("c", "Load throughput against DuckDB's plain typed copy", options.command("c"))
    section.figures = [Figure(f"load / copy, {e.what}", e.ratio, RATIO) for e in files if e.has_target]
    header = [
        "file",
        "GB",
        "load, rows/s",
        "copy, rows/s",
        "load, s",
        "copy, s",
        "ratio",
        "peak of load, GB",
        "of copy",
    ]
    table = [header]
    for export in files:
        speeds = [f"{rows / statistics.median(times):,.0f}" for times in (export.load, export.copy)]
        table.append([
            export.what, gigabytes(sizes[export.name]), *speeds, spread(export.load), spread(export.copy),
            f"{export.ratio:.2f}", gigabytes(export.peaks["load"]), gigabytes(export.peaks["copy"]),
        ])  # fmt: skip
    section.tables = [table]
    section.notes = [
        f"{rows:,} orders; DuckDB's memory limit {MEMORY}, {THREADS} threads and snappy Parquet on both sides.",
        "The load checks every rule and every key, writes down its account and waits for the disk; the copy does not.",
        "The unsorted file is shown without a target: the load sorts it by its clock, the copy leaves it as it is.",
    ]
    return section


def main() -> None:
    """One load or copy in this process: ``python -m bench.throughput load|copy FOLDER NAME HOME``."""
    what, folder, name, home = sys.argv[1:5]
    work = {"load": load_once, "copy": copy_once}[what]
    began = time.monotonic()
    rows = work(Path(folder), name, Path(home))
    print(json.dumps({"rows": rows, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
