"""The demo company: raw exports of every entity with known truth, and the mapping that lands them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clientele.demo.company import EXPORTS, chunk_tables, reference_tables, reference_truth
from clientele.demo.exports import Written, write_export
from clientele.demo.mapping import write_mapping
from clientele.demo.world import World

__all__ = ["World", "rows_written", "write_demo", "write_world"]

WORKERS = 2  # chunks in work at once; numpy and pyarrow release the interpreter's lock
AS_OF = date(2026, 1, 1)
DIRTY_ROWS = pa.schema(
    [
        ("entity", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("reason", pa.string()),
        ("column", pa.string()),
    ]
)


def write_demo(
    out: Path | str,
    customers: int = 5_000,
    seed: int = 42,
    as_of: date = AS_OF,
    years: int = 3,
    progress: bool = False,
) -> Path:
    """Write exports, `mapping.yml` and `truth/` below `out`; return the path of the mapping.

    The four parameters determine every row. Exports and truth that an earlier call left in `out` are replaced.
    """
    return write_world(Path(out), World(customers=customers, seed=seed, as_of=as_of, years=years), progress=progress)


def write_world(out: Path, world: World, *, progress: bool = False) -> Path:
    """Write the company of a world, as `write_demo` does."""
    for folder in {export.file.split("/")[0] for export in EXPORTS} | {"truth"}:
        shutil.rmtree(out / folder, ignore_errors=True)
    (out / "truth").mkdir(parents=True)
    written = _reference(out, world)
    for batch in _chunks(out, world, progress):
        written += batch
    _write_accounts(out, written)
    return write_mapping(out, world, EXPORTS)


def _reference(out: Path, world: World) -> list[Written]:
    for name, truth in reference_truth(world).items():
        pq.write_table(truth, out / "truth" / f"{name}.parquet")
    tables = reference_tables(world)
    return [write_export(out, world, export, tables[export.entity], 0) for export in EXPORTS if export.entity in tables]


def _chunks(out: Path, world: World, progress: bool) -> Iterator[list[Written]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not progress) as bar, ThreadPoolExecutor(min(WORKERS, world.chunks)) as pool:
        task = bar.add_task(f"{world.customers:,} customers", total=world.chunks)
        for batch in pool.map(lambda chunk: _chunk(out, world, chunk), range(world.chunks)):
            bar.advance(task)
            yield batch


def _chunk(out: Path, world: World, chunk: int) -> list[Written]:
    tables, truth = chunk_tables(world, chunk)
    part = f"-{chunk + 1:04d}" if world.chunks > 1 else ""
    pq.write_table(truth, out / "truth" / f"customers{part}.parquet")
    return [
        write_export(out, world, export, tables.pop(export.entity), chunk)
        for export in EXPORTS
        if export.entity in tables
    ]


def _write_accounts(out: Path, written: list[Written]) -> None:
    """What each file holds, and each of its dirty rows."""
    dirty = [row for file in written for row in file.dirty]
    pq.write_table(pa.Table.from_pylist(dirty, DIRTY_ROWS), out / "truth" / "dirty_rows.parquet")
    counts = [{k: v for k, v in asdict(file).items() if k != "dirty"} | {"dirty": len(file.dirty)} for file in written]
    pq.write_table(pa.Table.from_pylist(counts), out / "truth" / "files.parquet")


def rows_written(out: Path) -> tuple[int, int]:
    """Rows and entities that the last call of `write_demo` left in `out`."""
    files = pq.read_table(out / "truth" / "files.parquet")
    return pc.sum(files["rows"]).as_py(), pc.count_distinct(files["entity"]).as_py()
