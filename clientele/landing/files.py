"""Files as relations: every format becomes columns plus ``_source_row``, and nothing is guessed.

The relations are SQL text. Nothing is read here but headers, and those formats that DuckDB cannot read itself
are rewritten into the load's own folder (see ``rewriting``).
"""

from __future__ import annotations

import csv
import glob
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clientele.landing import rewriting
from clientele.landing.errors import LandingError
from clientele.landing.lake import quoted
from clientele.landing.mapping import EntityMapping

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".xlsx": "xlsx",
}  # fmt: skip
NATIVE_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-1": "latin-1",
}
STRICT, LENIENT = "store_rejects = true, rejects_limit = 0", "ignore_errors = true"
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x01"  # for lines that are no CSV


@dataclass(frozen=True)
class SourceFile:
    """One file of an entity, ready to be selected from."""

    path: Path  # as the user gave it
    name: str  # as people call it in reports
    format: str
    columns: tuple[str, ...]
    scanned: Path  # what DuckDB reads: the file itself or its rewritten copy
    relation: str  # SQL that keeps unreadable lines in the reject tables
    lenient: str  # the same, for counting: skips unreadable lines without keeping them
    header_lines: int = 0  # lines before row 1, where rows are counted from lines


def find_files(mapping: EntityMapping, data_dir: Path) -> list[Path]:
    """The files that a mapping's paths and globs name. Raises LandingError for one that names none."""
    found: dict[Path, None] = {}
    for pattern in mapping.paths:
        found |= dict.fromkeys(_matching(pattern, f"entity {mapping.entity}", data_dir))
    return list(found)


def find_lookups(mapping: EntityMapping, data_dir: Path) -> dict[str, Path]:
    """The files of a mapping's lookups by name. Raises LandingError for one that is not exactly one file."""
    found = {}
    for name, pattern in mapping.lookups.items():
        hits = _matching(pattern, f"lookup {name} of {mapping.entity}", data_dir)
        if len(hits) > 1:
            raise LandingError(
                f"lookup {name} of {mapping.entity} is {len(hits)} files", file=pattern, remedy="name one"
            )
        found[name] = hits[0]
    return found


def _matching(pattern: str, what: str, data_dir: Path) -> list[Path]:
    full = Path(pattern) if Path(pattern).is_absolute() else data_dir / pattern
    hits = [full] if full.is_file() else [Path(hit) for hit in sorted(glob.glob(str(full), recursive=True))]  # noqa: PTH207 - the pattern may be absolute
    hits = [hit for hit in hits if hit.is_file()]
    if full.is_dir():
        raise LandingError(
            f"{what}: is a folder", file=full, remedy="name its files, such as with a glob: folder/*.csv"
        )
    if not hits:
        remedy = f"{_nearby(full)}; or give --data DIR"
        raise LandingError(f"{what}: no such file", file=full, remedy=remedy) from FileNotFoundError(full)
    return hits


def _nearby(path: Path) -> str:
    folder = path.parent
    while not folder.is_dir():
        folder = folder.parent
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"{folder} holds {shown or 'nothing'}"


def format_of(path: Path) -> str:
    """csv, jsonl, parquet or xlsx, by the file's name."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    known = FORMATS.get(suffixes[-1]) if suffixes else None
    if known is None:
        raise LandingError(
            "format unknown from the name", file=path, remedy="csv, csv.gz, parquet, jsonl and xlsx are read"
        )
    return known


def open_source(
    con: duckdb.DuckDBPyConnection, path: Path, name: str, mapping: EntityMapping, scratch: Path
) -> SourceFile:
    """Make one file selectable. Rewritten copies go into ``scratch``."""
    if path.stat().st_size == 0:
        raise LandingError("is empty (0 bytes): not even a header", file=path, remedy="export it again")
    kind = format_of(path)
    if kind != "csv" and (mapping.columns or not mapping.header):
        raise LandingError(f"is {kind}, and `header:` and `columns:` are for csv", file=path, remedy="leave them out")
    if kind == "parquet":
        return _parquet(con, path, name)
    if kind == "xlsx":
        return _csv(rewriting.xlsx_to_csv(path, mapping.sheet, scratch), path, name, mapping, numbered=True)
    scanned, encoding = path, NATIVE_ENCODINGS.get(mapping.encoding.lower())
    if encoding is None:
        scanned, encoding = rewriting.to_utf8(path, mapping.encoding, scratch), "utf-8"
    if kind == "jsonl":
        return _jsonl(con, scanned, encoding, path, name, scratch)
    return _csv(scanned, path, name, mapping, encoding=encoding)


def _parquet(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> SourceFile:
    scan = f"read_parquet('{quoted(path)}', file_row_number = true, hive_partitioning = false)"
    try:
        described = con.execute(f"describe select * exclude (file_row_number) from {scan}").fetchall()
    except duckdb.Error as error:
        raise LandingError(f"is no readable parquet file: {error}", file=path, remedy="export it again") from None
    relation = f"select * exclude (file_row_number), file_row_number + 1 as _source_row from {scan}"
    return SourceFile(path, name, "parquet", tuple(row[0] for row in described), path, relation, relation)


def _csv(
    scanned: Path, path: Path, name: str, mapping: EntityMapping, *, encoding: str = "utf-8", numbered: bool = False
) -> SourceFile:
    first = _first_record(scanned, encoding, path)
    delimiter = "," if numbered else mapping.delimiter or _delimiter(first)
    columns = _columns(first, delimiter, mapping, path)
    header = "true" if mapping.header or numbered else "false"
    nulls = ", ".join(f"'{quoted(value)}'" for value in dict.fromkeys(mapping.null_values))
    options = (
        f"'{quoted(scanned)}', auto_detect = false, header = {header}, delim = '{quoted(delimiter)}', quote = '\"', "
        f"escape = '\"', strict_mode = true, null_padding = false, encoding = '{encoding}', nullstr = [{nulls}], "
        f"columns = {{{', '.join(_literal(column) + ': varchar' for column in columns)}}}"
    )
    row = "_row::bigint as _source_row" if numbered else "row_number() over () as _source_row"
    drop = "exclude (_row)" if numbered else ""
    relation, lenient = (f"select * {drop}, {row} from read_csv({options}, {rejects})" for rejects in (STRICT, LENIENT))
    visible = tuple(column for column in columns if not (numbered and column == "_row"))
    if numbered:
        return SourceFile(path, name, "xlsx", visible, scanned, relation, lenient)
    return SourceFile(path, name, "csv", visible, scanned, relation, lenient, header_lines=int(mapping.header))


def _literal(text: str) -> str:
    return f"'{quoted(text)}'"


def _open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    if path.suffix.lower() == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding=encoding, errors="replace", newline="")
    return path.open(encoding=encoding, errors="replace", newline="")


def _first_record(scanned: Path, encoding: str, path: Path) -> str:
    """The header record as text; it may span lines inside quotes."""
    record = ""
    with _open_text(scanned, encoding) as handle:
        try:
            for line in _lines(handle):
                record += line
                if record.count('"') % 2 == 0 and record.strip():
                    break
        except (OSError, EOFError) as error:
            raise LandingError(f"cannot be read: {error}", file=path, remedy="export it again") from error
    if "\x00" in record:
        raise LandingError("is no UTF-8 text", file=path, row=1, remedy="it looks like UTF-16: add `encoding: utf-16`")
    if "\ufffd" in record:
        raise LandingError(
            f"the first line has bytes that are not {encoding}", file=path, row=1,
            remedy="give the file's `encoding:`, most often cp1252 or latin-1",
        )  # fmt: skip
    record = record.lstrip("\ufeff").strip("\r\n")
    if not record.strip():
        raise LandingError("is empty: not even a header", file=path, remedy="export it again")
    return record


def _lines(handle: io.TextIOWrapper) -> Iterator[str]:
    for _ in range(100):  # a header of more lines is none
        line = handle.readline(1_000_000)
        if not line:
            return
        yield line


def _delimiter(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _columns(record: str, delimiter: str, mapping: EntityMapping, path: Path) -> tuple[str, ...]:
    """The names from the header, or from the mapping where it gives them."""
    width = len(next(csv.reader(io.StringIO(record), delimiter=delimiter)))
    if mapping.columns and len(mapping.columns) != width:
        raise LandingError(
            f"has {width} columns, and `columns:` names {len(mapping.columns)}",
            file=path, row=1, remedy=f"name all of them; the delimiter is {delimiter!r}",
        )  # fmt: skip
    if mapping.columns:
        return mapping.columns
    return _header(record, delimiter, path) if mapping.header else tuple(f"column{n + 1}" for n in range(width))


def _header(record: str, delimiter: str, path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for position, cell in enumerate(next(csv.reader(io.StringIO(record), delimiter=delimiter)), start=1):
        name = cell.strip() or f"column{position}"
        if name.lower() in (known.lower() for known in names):
            raise LandingError(
                "two columns of that name", file=path, column=name, remedy="rename one of them in the header"
            )
        names.append(name)
    return tuple(names)


def _jsonl(
    con: duckdb.DuckDBPyConnection, scanned: Path, encoding: str, path: Path, name: str, scratch: Path
) -> SourceFile:
    if _first_record(scanned, encoding, path).lstrip().startswith("["):
        raise LandingError(
            "begins with a JSON array", file=path, row=1, remedy="write one object a line, such as with: jq -c '.[]'"
        )
    lines = _lines_sql(scanned, encoding, LENIENT)
    if con.execute(f"select 1 from ({lines}) where regexp_matches(line, '[0-9.]{{16}}') limit 1").fetchone():
        # DuckDB reads JSON numbers as doubles, which hold 15 digits: longer ones become text first.
        scanned = rewriting.long_numbers_as_text(scanned, encoding, scratch)
        encoding = "utf-8"
        lines = _lines_sql(scanned, encoding, LENIENT)
    keys = con.execute(
        f"select key from (select unnest(json_keys(line)) as key, _source_row from ({lines}) "
        "where json_valid(line) and json_type(line) = 'OBJECT') group by key order by min(_source_row)"
    ).fetchall()
    columns = tuple(str(key) for (key,) in keys)
    shape = "{" + ", ".join(f'"{column}":"VARCHAR"'.replace("'", "''") for column in columns) + "}"
    fields = "".join(f'parsed."{column}" as "{column}", ' for column in columns)
    parse = f"case when json_valid(line) and json_type(line) = 'OBJECT' then from_json(line, '{shape}') end"
    relation, lenient = (
        f"select {fields}_source_row, case when parsed is null then line end as _broken_line "
        f"from (select _source_row, line, {parse if columns else 'null'} as parsed "
        f"from ({_lines_sql(scanned, encoding, rejects)}))"
        for rejects in (STRICT, LENIENT)
    )
    return SourceFile(path, name, "jsonl", columns, scanned, relation, lenient)


def _lines_sql(scanned: Path, encoding: str, rejects: str) -> str:
    return (
        "select * from (select line, row_number() over () as _source_row from "
        f"read_csv('{quoted(scanned)}', auto_detect = false, header = false, delim = '{NO_DELIMITER}', quote = '', "
        f"escape = '', encoding = '{encoding}', columns = {{'line': 'varchar'}}, {rejects})) "
        "where trim(line) <> ''"
    )
