"""Read the build: one query, printed as a table."""

from __future__ import annotations

from pathlib import Path

import duckdb


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


def query(home: Path, sql: str, limit: int = 50) -> tuple[list[str], list[tuple]]:
    """Column names and at most `limit` rows of a query over the build.

    Raises NoBuildError, or duckdb.Error for SQL that fails.
    """
    with open_build(home) as connection:
        result = connection.execute(sql)
        return [column[0] for column in result.description], result.fetchmany(limit)
