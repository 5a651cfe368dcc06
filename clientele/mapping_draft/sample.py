"""The head of a file as the loader would read it, and what can be told of each column from it."""

from __future__ import annotations

import gzip
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import duckdb

from clientele.landing.errors import LandingError
from clientele.landing.files import format_of, open_source
from clientele.landing.mapping import EntityMapping, iso_currencies
from clientele.mapping_draft import amounts, times

ROWS = 50_000
HEAD_BYTES = 64 << 20  # of a text file; enough for the rows, whatever the size of the file
NUMBER = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"
TITLE_ROWS = 20  # how far below a title a header is looked for


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Its kind is empty, nested, boolean, integer, decimal, money, email, currency, time or text.
    """

    name: str
    kind: str
    is_unique: bool  # but for a few rows: exports hold some twice
    is_filled: bool  # no empty cell in the sample
    negatives: int = 0  # cells below zero, however the minus is written
    filled: int = 0
    form: times.Form | None = None
    values: tuple[str, ...] = ()  # the distinct ones, commonest first, if they are few
    counts: tuple[int, ...] = ()  # the cells of each of them
    examples: tuple[str, ...] = ()
    amount: amounts.Form | None = None  # of money, and of text that is amounts for the greater part
    has_point: bool = False  # whole numbers written as 17850.0

    @property
    def is_number(self) -> bool:
        """Whether one can calculate with it."""
        return self.kind in ("integer", "decimal", "money")

    @property
    def has_negative(self) -> bool:
        """Whether a number in it is below zero."""
        return self.is_number and self.negatives > 0

    @property
    def mark(self) -> str | None:
        """The currency that stands beside most amounts."""
        return next(iter(self.amount.codes), None) if self.amount and self.kind == "money" else None


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
        if kind == "xlsx":
            _no_title(path, source.columns)
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
        "money": f"regexp_full_match(trim(regexp_replace({c}, '{amounts.MARK}', '', 'g')), '{amounts.AMOUNT}')",
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
    values = _values(con, table, c, distinct)
    found = Column(
        name, kind, is_unique=distinct >= 0.97 * filled, is_filled=filled == rows, negatives=negative, filled=filled,
        values=tuple(value for value, _ in values), counts=tuple(n for _, n in values),
        has_point=kind == "integer" and bool(points),
    )  # fmt: skip
    if kind == "money":
        return _of_money(con, table, c, found)
    if kind == "text":
        amount = amounts.recognise(con, table, c)
        if amount and amount.is_likely:
            return _of_money(con, table, c, found)
        seen = con.execute(f"select distinct {c} from {table} where {c} is not null order by 1 limit 3").fetchall()
        found = replace(found, examples=tuple(str(value)[:40] for (value,) in seen))
    form = times.recognise(con, table, c, name) if kind in ("text", "integer") else None
    return replace(found, kind="time", form=form, values=()) if form else found


def _values(con: duckdb.DuckDBPyConnection, table: str, c: str, distinct: int) -> list[tuple[str, int]]:
    if distinct > 60:
        return []
    return con.execute(
        f"select {c}, count(*) from {table} where {c} is not null group by 1 order by 2 desc, 1"
    ).fetchall()


def _of_money(con: duckdb.DuckDBPyConnection, table: str, c: str, found: Column) -> Column:
    bare = f"trim(regexp_replace({c}, '{amounts.MARK}', '', 'g'))"
    negatives = con.execute(
        f"select count(*) from {table} where regexp_full_match({bare}, '{amounts.AMOUNT}') "
        f"and regexp_matches({bare}, '^[(-]|-$')"
    ).fetchall()[0][0]
    return replace(found, amount=amounts.recognise(con, table, c), negatives=negatives)


def _no_title(path: Path, columns: tuple[str, ...]) -> None:
    """Raises LandingError where the sheet begins with a title, and its header is further down."""
    import openpyxl

    if sum(not re.fullmatch(r"column\d+", name) for name in columns) > 1:
        return
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = list(book.worksheets[0].iter_rows(max_row=TITLE_ROWS, values_only=True))
    book.close()
    filled = [[cell for cell in row if cell not in (None, "")] for row in rows]
    for number, cells in enumerate(filled, 1):
        is_header = len(cells) > 1 and all(isinstance(cell, str) for cell in cells) and len(set(cells)) == len(cells)
        if is_header and any(len(below) > 1 for below in filled[number:]):
            title = next(str(row[0]) for row in filled if row)
            names = ", ".join(map(str, cells[:5]))
            raise LandingError(
                f"its first row is a title ({title[:60]!r}); the header seems to be row {number}: {names}. A mapping "
                f"reads the header from the first row: delete the rows above row {number} and save the file",
                file=path,
            )


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
