"""The head of a file as the loader would read it, and what can be told of each column from it."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import duckdb

from clientele.landing.errors import LandingError
from clientele.landing.files import format_of, open_source
from clientele.landing.mapping import EntityMapping, iso_currencies
from clientele.mapping_draft import times

ROWS = 50_000
HEAD_BYTES = 64 << 20  # of a text file; enough for the rows, whatever the size of the file
NUMBER, COMMA = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
THOUSANDS = r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"
MONEY_MARK = r"[€$£¥]|\b(EUR|USD|GBP|CHF|JPY)\b"


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Its kind is empty, nested, boolean, integer, decimal, comma, money, email, currency, time or text.
    """

    name: str
    kind: str
    is_unique: bool  # but for a few rows: exports hold some twice
    is_filled: bool  # no empty cell in the sample
    has_negative: bool = False
    form: times.Form | None = None
    values: tuple[str, ...] = ()  # the distinct ones, commonest first, if they are few
    mark: str | None = None  # currency sign beside amounts
    has_point: bool = False  # whole numbers written as 17850.0

    @property
    def is_number(self) -> bool:
        """Whether one can calculate with it."""
        return self.kind in ("integer", "decimal", "comma", "money")

    @property
    def needs_declaring(self) -> bool:
        """Whether the file holds text for it, so that SQL cannot calculate with it."""
        return self.kind in ("comma", "money")


@dataclass(frozen=True)
class Sample:
    """A file's columns, and its head as a table of text."""

    path: Path
    format: str
    encoding: str
    columns: tuple[Column, ...]
    table: str  # in the connection of the draft
    is_typed: bool = False
    typed: frozenset[str] = field(default_factory=frozenset)  # columns that are numbers or times in the file itself

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def read_sample(con: duckdb.DuckDBPyConnection, path: Path, number: int) -> Sample:
    """Read the head of a file into the table ``sample_<number>``. Raises LandingError if it cannot be read."""
    kind = format_of(path)
    try:
        encoding = _encoding(path) if kind in ("csv", "jsonl") else "utf-8"
    except (OSError, EOFError) as error:
        raise LandingError(f"cannot be read: {error}", file=path) from None
    table = f"sample_{number}"
    with tempfile.TemporaryDirectory() as scratch:
        mapping = EntityMapping("draft", paths=(str(path),), encoding=encoding)
        head = _head(path, Path(scratch)) if kind in ("csv", "jsonl") and encoding != "utf-16" else path
        source = open_source(con, head, path.name, mapping, Path(scratch))
        types = _copy(con, source.lenient if kind != "parquet" else source.relation, table, path)
    if not types:
        raise LandingError("has no columns", file=path)
    columns = tuple(_column(con, table, name) for name in types)
    if all(column.kind == "empty" for column in columns):
        raise LandingError("holds a header and no rows", file=path)
    typed = frozenset(name for name, held in types.items() if held not in ("VARCHAR", "JSON"))
    return Sample(path, kind, encoding, columns, table, kind == "parquet", typed)


def _copy(con: duckdb.DuckDBPyConnection, relation: str, table: str, path: Path) -> dict[str, str]:
    try:
        con.execute(f"create or replace temp table {table}_raw as select * from ({relation}) limit {ROWS}")
    except duckdb.Error as error:
        raise LandingError(f"cannot be read: {error}", file=path) from None
    described = con.execute(f"describe {table}_raw").fetchall()
    types = {row[0]: row[1] for row in described if row[0] not in ("_source_row", "_broken_line")}
    texts = ", ".join(f"nullif(trim({ident(name)}::varchar), '') as {ident(name)}" for name in types)
    con.execute(f"create or replace temp table {table} as select {texts or '1'}, _source_row from {table}_raw")
    con.execute(f"drop table {table}_raw")
    return types


def _head(path: Path, scratch: Path) -> Path:
    """The file's first whole lines in a file of their own."""
    is_zipped = path.suffix.lower() == ".gz"
    with _open(path) as handle:
        data = handle.read(HEAD_BYTES)
    if len(data) == HEAD_BYTES:
        data = data[: data.rfind(b"\n") + 1]
    copy = scratch / (path.stem if is_zipped else path.name)
    copy.write_bytes(data)
    return copy


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _encoding(path: Path) -> str:
    with _open(path) as handle:
        head = handle.read(1 << 20)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head[: max(len(head) - 4, 0) if len(head) == 1 << 20 else None].decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(head) - 5 else "cp1252"
    return "utf-8"


def ident(name: str) -> str:
    """A quoted SQL name."""
    return '"' + name.replace('"', '""') + '"'


def _column(con: duckdb.DuckDBPyConnection, table: str, name: str) -> Column:
    c = ident(name)
    codes = ", ".join(f"'{code}'" for code in iso_currencies())
    tests = {
        "nested": f"{c} like '{{%}}' or {c} like '[%]'",
        "boolean": f"lower({c}) in ('true', 'false', 'yes', 'no', 'y', 'n', 't', 'f', 'ja', 'nein')",
        "integer": f"regexp_full_match({c}, '[+-]?\\d{{1,18}}(\\.0+)?')",
        "decimal": f"regexp_full_match({c}, '{NUMBER}')",
        "comma": f"regexp_full_match({c}, '{COMMA}')",
        "money": f"regexp_matches({c}, '{MONEY_MARK}') and regexp_full_match("
                 f"trim(regexp_replace({c}, '{MONEY_MARK}', '', 'g')), '{NUMBER}|{COMMA}|{THOUSANDS}')",
        "email": f"regexp_full_match({c}, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+')",
        "currency": f"upper({c}) in ({codes})",
    }  # fmt: skip
    counts = ", ".join(f"count(*) filter (where {test})" for test in tests.values())
    rows, filled, distinct, negative, points, *hits = con.execute(
        f"select count(*), count({c}), count(distinct {c}), count(*) filter (where {c} like '-%'), "
        f"count(*) filter (where {c} like '%.0'), {counts} from {table}"
    ).fetchall()[0]
    if not filled:
        return Column(name, "empty", False, False)
    enough = filled - max(filled * 0.02, filled > 3)  # a few dirty cells do not make a number text
    kind = next((kind for kind, n in zip(tests, hits, strict=True) if n >= enough), "text")
    found = Column(
        name, kind, is_unique=distinct >= 0.97 * filled, is_filled=filled == rows,
        values=_values(con, table, c, distinct),
        has_negative=bool(negative) and kind in ("integer", "decimal", "comma", "money"),
        has_point=kind == "integer" and bool(points),
    )  # fmt: skip
    if kind == "money":
        return replace(found, mark=_mark(con, table, c))
    form = times.recognise(con, table, c, name) if kind in ("text", "integer") else None
    return replace(found, kind="time", form=form, values=()) if form else found


def _values(con: duckdb.DuckDBPyConnection, table: str, c: str, distinct: int) -> tuple[str, ...]:
    if distinct > 60:
        return ()
    rows = con.execute(f"select {c} from {table} where {c} is not null group by 1 order by count(*) desc, 1").fetchall()
    return tuple(row[0] for row in rows)


def _mark(con: duckdb.DuckDBPyConnection, table: str, c: str) -> str | None:
    rows = con.execute(
        f"select regexp_extract({c}, '{MONEY_MARK}') from {table} group by 1 order by count(*) desc"
    ).fetchall()
    signs = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
    return signs.get(rows[0][0], rows[0][0] or None)


def version_clock(con: duckdb.DuckDBPyConnection, sample: Sample, key: Column, used: set[str]) -> Column | None:
    """The time that tells the versions of a key apart, in a file that repeats keys."""
    if key.is_unique:
        return None
    for column in sample.columns:
        if column.kind == "time" and column.name not in used:
            k, c = ident(key.name), ident(column.name)
            distinct, rows = con.execute(
                f"select count(distinct ({k}, {c})) filter (where {c} is not null), count({k}) "
                f"from (select distinct * exclude (_source_row) from {sample.table})"
            ).fetchall()[0]
            if distinct >= rows - max(0.03 * rows, 3):
                return column
    return None
