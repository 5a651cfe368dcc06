"""What an export looks like, and how its rows become files.

A company small enough hands over csv, gzipped csv, jsonl and xlsx. An export that is expected to hold more
than `PARQUET_FROM` rows is Parquet, one file for each chunk of customers.
"""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clientele.demo.seasons import berlin_offset
from clientele.demo.workbook import write_workbook
from clientele.demo.world import World

PARQUET_FROM = 500_000  # expected rows
WORKBOOK_UNTIL = 20_000  # expected rows; a longer sheet becomes csv.gz


@dataclass(frozen=True)
class Dirt:
    """A cell that makes its row unfit to land, and the class of reason expected of the loader."""

    reason: str  # type | missing | range | accepted | currency | future | no_such_time | ragged
    column: str = ""
    value: str | float | None = None
    text_only: bool = False  # cannot be written into a typed file


@dataclass(frozen=True)
class Export:
    """One file, or series of files, that holds the rows of one entity as another system writes them."""

    entity: str
    file: str  # folder and stem below the export folder
    sql: str  # from the columns of the file to those of the contract
    clock: str  # column of the event's clock
    known: str  # column of the moment the row became known
    format: str = "csv"  # while small
    rows_per_customer: float = 0.0  # expected; 0 for reference data
    delimiter: str = ";"
    decimal_comma: bool = False
    local_times: Mapping[str, str] = field(default_factory=dict)  # Berlin time, column to strftime format
    types: Mapping[str, str] = field(default_factory=dict)  # columns that the SQL calculates with
    dirt: tuple[Dirt, ...] = ()
    duplicates: bool = True

    def format_for(self, world: World) -> str:
        """The format that a company of this size hands over."""
        expected = self.rows_per_customer * world.customers
        if expected > PARQUET_FROM:
            return "parquet"
        return "csv.gz" if self.format == "xlsx" and expected > WORKBOOK_UNTIL else self.format

    def is_chunked(self, world: World) -> bool:
        """Whether there is one file for each chunk of customers."""
        return self.rows_per_customer > 0 and world.chunks > 1

    def path(self, world: World, chunk: int) -> str:
        """The file of one chunk, relative to the export folder."""
        part = f"-{chunk + 1:04d}" if self.is_chunked(world) else ""
        return f"{self.file}{part}.{self.format_for(world)}"

    def pattern(self, world: World) -> str:
        """The path or glob of all files."""
        part = "-*" if self.is_chunked(world) else ""
        return f"{self.file}{part}.{self.format_for(world)}"


@dataclass(frozen=True)
class Written:
    """What went into one file."""

    entity: str
    file: str
    rows: int  # all lines, dirty and duplicate ones too
    duplicates: int
    dirty: list[dict]  # row (line of a text file, the header being the first), reason and column of each dirty line


def write_export(out: Path, world: World, export: Export, table: pa.Table, chunk: int) -> Written:
    """Write the rows that were known when the export was drawn, some twice, and the dirty ones among them."""
    file_format, relative = export.format_for(world), export.path(world, chunk)
    rng = world.rng(f"export {export.entity}", chunk)
    table = _drawn(world, export, table)
    twice = _twice(rng, world, export, len(table))
    dirt = [d for d in export.dirt if len(table) and _fits(d, file_format)]
    victims = rng.integers(0, max(len(table), 1), len(dirt))
    rows = pa.concat_tables([table, table.take(twice), table.take(victims)]) if len(twice) + len(dirt) else table
    order = _order(rng, export, table, twice, len(dirt), in_order=file_format != "parquet")

    path = out / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    _WRITERS[file_format](path, export, rows, dirt, order)
    position = np.empty(len(order), dtype=np.int64)
    header = file_format not in ("jsonl", "parquet")
    position[order] = np.arange(1, len(order) + 1) + header
    dirty = [
        {"entity": export.entity, "file": relative, "row": int(position[len(table) + len(twice) + i]),
         "reason": d.reason, "column": d.column}
        for i, d in enumerate(dirt)
    ]  # fmt: skip
    return Written(export.entity, relative, len(rows), len(twice), dirty)


def _drawn(world: World, export: Export, table: pa.Table) -> pa.Table:
    """Rows that had happened by as_of and were known when the export was drawn."""
    known = pc.less(_micros(table[export.known]), world.known_until * 1_000_000)
    clock = table[export.clock]
    if pa.types.is_date(clock.type):
        happened = pc.less(clock.cast(pa.int32()), world.end // 86_400)
    else:
        happened = pc.less(_micros(clock), world.end * 1_000_000)
    keep = pc.and_(known, pc.fill_null(happened, True))
    return table if pc.all(keep).as_py() else table.filter(keep)


def _micros(times: pa.ChunkedArray) -> pa.ChunkedArray:
    return times.cast(pa.int64())


def _twice(rng: np.random.Generator, world: World, export: Export, rows: int) -> np.ndarray:
    if not export.duplicates or rows == 0:
        return np.empty(0, dtype=np.int64)
    return np.sort(rng.choice(rows, size=1 + int(rows * world.duplicate_share), replace=rows < 10))


def _fits(dirt: Dirt, file_format: str) -> bool:
    if file_format == "parquet":
        return not dirt.text_only
    return dirt.reason != "ragged" or file_format in ("csv", "csv.gz")


def _order(
    rng: np.random.Generator, export: Export, table: pa.Table, twice: np.ndarray, dirt: int, *, in_order: bool
) -> np.ndarray:
    """Which row stands where: text files are in the order of their knowledge, dirty rows anywhere."""
    total = len(table) + len(twice) + dirt
    if not in_order or len(table) == 0:
        return np.arange(total)
    known = np.asarray(_micros(table[export.known]).to_numpy())
    return np.argsort(np.concatenate([known, known[twice], rng.choice(known, dirt)]), kind="stable")


def _cells(
    export: Export, rows: pa.Table, dirt: list[Dirt], literal: Callable[[pa.Array, bool], pa.Array]
) -> dict[str, pa.Array]:
    """Each column as text, dirty cells put in; `literal` renders text for the format."""
    first = len(rows) - len(dirt)
    cells = {}
    for name in rows.column_names:
        values = rows[name].combine_chunks()
        is_text = _is_text(values.type) or pa.types.is_temporal(values.type)
        rendered = literal(_as_text(export, name, values), is_text)
        dirty = {first + i: d.value for i, d in enumerate(dirt) if d.column == name}
        if dirty:
            mask = np.zeros(len(rows), dtype=bool)
            mask[list(dirty)] = True
            bad = pa.array([None if v is None else str(v) for v in dirty.values()], pa.string())
            rendered = pc.replace_with_mask(rendered, pa.array(mask), literal(bad, True))
        cells[name] = rendered
    return cells


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_dictionary(kind)


def _as_text(export: Export, name: str, values: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(values.type):
        if name in export.local_times:
            return pc.strftime(local_clock(values), format=export.local_times[name])
        return pc.strftime(values.cast(pa.timestamp("s", tz="UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    rendered = values.cast(pa.string())
    if export.decimal_comma and pa.types.is_floating(values.type):
        rendered = pc.replace_substring(rendered, ".", ",")
    return rendered


def local_clock(values: pa.Array) -> pa.Array:
    """What the clock in Berlin shows: a timestamp without a zone, in seconds."""
    seconds = values.cast(pa.int64()).fill_null(0).to_numpy() // 1_000_000
    shown = pa.array(seconds + berlin_offset(seconds), mask=values.is_null().to_numpy(zero_copy_only=False))
    return shown.cast(pa.timestamp("s"))


def _csv_literal(delimiter: str) -> Callable[[pa.Array, bool], pa.Array]:
    special = f'[{delimiter}"\n\r]'

    def literal(values: pa.Array, _is_text: bool) -> pa.Array:
        values = values.fill_null("")
        needs = pc.match_substring_regex(values, special)
        if not pc.any(needs).as_py():
            return values
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
        return pc.if_else(needs, quoted, values)

    return literal


def _json_literal(values: pa.Array, is_text: bool) -> pa.Array:
    if is_text:
        for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
            values = pc.replace_substring(values, plain, escaped)
        values = pc.binary_join_element_wise('"', values, '"', "")
    return values.fill_null("null")


def _write_csv(path: Path, export: Export, rows: pa.Table, dirt: list[Dirt], order: np.ndarray) -> None:
    cells = _cells(export, rows, dirt, _csv_literal(export.delimiter))
    lines = pc.binary_join_element_wise(*cells.values(), export.delimiter)
    ragged = np.zeros(len(rows), dtype=bool)
    ragged[len(rows) - len(dirt) :] = [d.reason == "ragged" for d in dirt]
    lines = pc.if_else(pa.array(ragged), pc.binary_join_element_wise(lines, "?", "?", export.delimiter), lines)
    _write_lines(path, [export.delimiter.join(rows.column_names), *lines.take(pa.array(order)).to_pylist()])


def _write_jsonl(path: Path, export: Export, rows: pa.Table, dirt: list[Dirt], order: np.ndarray) -> None:
    cells = _cells(export, rows, dirt, _json_literal)
    named = [pc.binary_join_element_wise(f'"{name}"', values, ": ") for name, values in cells.items()]
    lines = pc.binary_join_element_wise("{", pc.binary_join_element_wise(*named, ", "), "}", "")
    _write_lines(path, lines.take(pa.array(order)).to_pylist())


def _write_lines(path: Path, lines: list[str]) -> None:
    content = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=4, mtime=0)
    path.write_bytes(content)


def _write_xlsx(path: Path, export: Export, rows: pa.Table, dirt: list[Dirt], order: np.ndarray) -> None:
    columns = {}
    for name in rows.column_names:
        values = rows[name].combine_chunks()
        if pa.types.is_timestamp(values.type):
            values = local_clock(values) if name in export.local_times else _as_text(export, name, values)
        columns[name] = values.to_pylist()
    for i, d in enumerate(dirt):
        if d.column:
            columns[d.column][len(rows) - len(dirt) + i] = d.value
    lines = list(zip(*columns.values(), strict=True))
    write_workbook(path, rows.column_names, [lines[i] for i in order])


def _write_parquet(path: Path, _export: Export, rows: pa.Table, dirt: list[Dirt], _order: np.ndarray) -> None:
    if dirt:
        clean, bad = rows.slice(0, len(rows) - len(dirt)), rows.slice(len(rows) - len(dirt))
        for i, d in enumerate(dirt):
            at = bad.column_names.index(d.column)
            kind = bad.schema.field(at)
            plain = kind.type.value_type if pa.types.is_dictionary(kind.type) else kind.type
            values = bad[d.column].cast(plain).to_pylist()
            values[i] = d.value
            rebuilt = pa.array(_timestamps(values) if pa.types.is_timestamp(plain) else values, plain)
            bad = bad.set_column(at, d.column, rebuilt)
        rows = pa.concat_tables([_plain(clean), _plain(bad)])
    pq.write_table(_plain(rows), path, compression="zstd", compression_level=1, store_schema=False)


def _timestamps(values: list) -> list:
    return [dt.datetime.fromisoformat(v) if isinstance(v, str) else v for v in values]


def _plain(rows: pa.Table) -> pa.Table:
    """Dictionary columns as text."""
    for i, kind in enumerate(rows.schema):
        if pa.types.is_dictionary(kind.type):
            rows = rows.set_column(i, kind.name, rows.column(i).cast(pa.string()))
    return rows


_WRITERS: dict[str, Callable[[Path, Export, pa.Table, list[Dirt], np.ndarray], None]] = {
    "csv": _write_csv,
    "csv.gz": _write_csv,
    "jsonl": _write_jsonl,
    "xlsx": _write_xlsx,
    "parquet": _write_parquet,
}
