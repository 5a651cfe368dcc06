"""Read the build: one query, printed as a table."""

from __future__ import annotations

import csv as csv_format
import sys
from pathlib import Path

import duckdb

from clientele.landing.lake import Lake

OPENING_TRIES = 5


def quoted_name(name: str) -> str:
    """A column name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


class NoBuildError(Exception):
    """There is no warehouse to read yet, or another process is writing it."""


def open_build(home: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the build of `home`.

    Raises NoBuildError where nothing was built, or a run holds the file.
    """
    path = home.resolve() / "build.duckdb"
    if not path.exists():
        raise NoBuildError(f"{path} does not exist: nothing was built yet. Run `clientele run` first.")
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        raise NoBuildError(f"{path} cannot be opened, most likely because a run is writing it: {error}") from error


def open_published(home: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to what readers see of `home` now: one version, whatever is published meanwhile.

    Raises NoBuildError where nothing was published.
    """
    link = home.resolve() / "published" / "current.duckdb"
    for _try in range(OPENING_TRIES):
        # The version's own file, as DuckDB takes one path for one database as long as any connection to it is open.
        path = link.resolve()
        if not path.exists():
            raise NoBuildError(f"{link} does not exist: nothing was published yet. Run `clientele publish` first.")
        try:
            return duckdb.connect(str(path), read_only=True)
        except duckdb.IOException:
            # It may have gone, where five more versions were published since its name was read.
            if path.exists():
                raise
    raise NoBuildError(f"{link} was switched each time it was opened: try again.")


def query(home: Path, sql: str, limit: int = 50, *, published: bool = False) -> tuple[list[str], list[tuple]]:
    """Column names and at most `limit` rows of a query over the build, or over what is published.

    Raises NoBuildError, or duckdb.Error for SQL that fails.
    """
    with (open_published if published else open_build)(home) as connection:
        result = connection.execute(sql)
        if result is None or result.description is None:
            raise duckdb.InvalidInputException("the query is empty")
        return [column[0] for column in result.description], result.fetchmany(limit)


def rejects(home: Path, entity: str | None = None, limit: int = 50) -> tuple[list[str], list[tuple]]:
    """Refused rows of all loads, newest load first: batch, entity, file, row, reason, value and the row as JSON."""
    columns = ["batch", "entity", "source_file", "source_row", "reason", "column_name", "value", "row_json"]
    files = sorted(str(path) for path in Lake(home).raw.glob(f"batch=*/rejects/{entity or '*'}.parquet"))
    if not files:
        return columns, []
    sql = f"""
        select batch, parse_filename(filename, true), {", ".join(columns[2:])}
        from read_parquet($files, filename = true, hive_partitioning = true, union_by_name = true)
        order by batch desc, 2, source_file, source_row limit $limit
    """
    with duckdb.connect() as connection:
        return columns, connection.execute(sql, {"files": files, "limit": limit}).fetchall()


def show(columns: list[str], rows: list[tuple], *, csv: bool = False) -> None:
    """Print rows as a table if they fit the terminal, else one column a line; or as CSV."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if csv:
        writer = csv_format.writer(sys.stdout)
        writer.writerows([columns, *rows])
        return
    console = Console()
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(len(text) for text in [name, *column]) for name, *column in zip(columns, *texts, strict=True)]
    if sum(widths) + 3 * len(widths) + 1 <= console.width:
        table = Table(*columns)
        for row in texts:
            table.add_row(*(escape(text) for text in row))
        console.print(table)
        return
    longest = max(len(name) for name in columns)
    for number, row in enumerate(texts, start=1):
        console.print(f"-- row {number}", highlight=False)
        for name, text in zip(columns, row, strict=True):
            console.print(f"{name:>{longest}}  {text}", markup=False, highlight=False, soft_wrap=True)
