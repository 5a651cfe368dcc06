"""Copy the build's public tables into a side file, and hold the two against each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from clientele.landing.lake import quoted
from clientele.publishing.errors import PublishingError
from clientele.publishing.relations import Relation

# DuckDB 1.5 and newer read it.
STORAGE_VERSION = "v1.5.0"
HASH_METHOD = "sum and xor over hash(columns) of all rows, DuckDB " + duckdb.__version__
NESTED = ("STRUCT", "MAP", "UNION", "VARIANT")


@dataclass(frozen=True)
class Content:
    """What a table holds: columns with their types, rows, and a hash that heeds no order of rows."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    hash: str


class Origin(NamedTuple):
    """Where a build came from: the run, the newest snapshot, the last batch of the lake, features and champions."""

    run_id: str | None
    snapshot_date: date | None
    feature_version: str | None
    lake_batch: int | None
    models: dict[str, str]


class SideFile:
    """A database that is being written beside the build; both are open on one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.connection = connection
        self.path = path

    def copy(self, relation: Relation) -> Content:
        """Copy a relation of the build, each in a transaction of its own; returns what the build holds."""
        if not relation.is_view:
            return self._copy(relation, f"build.{_name(relation)}")
        # A view is read once: asked twice, it could sum floats in another order.
        self.connection.execute(f"create or replace temp table frozen as from build.{_name(relation)}")
        try:
            return self._copy(relation, "frozen")
        finally:
            self.connection.execute("drop table frozen")

    def copy_rows(self, relation: Relation, rows: pa.Table) -> Content:
        """Write rows that lie beside the build as the table of that name; replaces it."""
        self.connection.register("rows_given", rows)
        try:
            return self._copy(relation, "rows_given")
        finally:
            self.connection.unregister("rows_given")

    def checkpoint(self) -> int:
        """Bring all that was written into the file; returns its size in bytes."""
        self.connection.execute("checkpoint side")
        return self.path.stat().st_size

    def newest_snapshot(self, relation: Relation) -> str | None:
        """The newest snapshot_date in a table that was copied; None where it has no such column or no rows."""
        if "snapshot_date" not in relation.columns:
            return None
        rows = self.connection.execute(f"select max(snapshot_date)::varchar from side.{_name(relation)}").fetchall()
        return rows[0][0]

    def origin(self) -> Origin:
        """What the build says of where it came from; None for what it does not say."""
        run = self._first("select run_id, snapshot_date, feature_version from build.ml.ml_run")
        run_id, snapshot_date, feature_version = run or (None, None, None)
        batch = self._first("select max(batch) from build.governance.landings")
        models = self._first(
            "select map_from_entries(list((model_name, model_version) order by model_name))"
            " from build.governance.model_registry where is_champion"
        )
        return Origin(
            run_id, snapshot_date, feature_version, batch[0] if batch else None, (models[0] if models else None) or {}
        )

    def _first(self, sql: str) -> Any | None:
        try:
            return self.connection.execute(sql).fetchone()
        except duckdb.CatalogException:
            return None

    def _copy(self, relation: Relation, source: str) -> Content:
        columns = _columns(self.connection, source)
        never_null = self._never_null(relation)
        types = ", ".join(f'"{name}" {kind}{" not null" if name in never_null else ""}' for name, kind in columns)
        self.connection.execute("begin")
        self.connection.execute(f"create or replace table side.{_name(relation)} ({types})")
        self.connection.execute(f"insert into side.{_name(relation)} from {source}")
        self.connection.execute("commit")
        return content_of(self.connection, source)

    def _never_null(self, relation: Relation) -> set[str]:
        sql = """
            select column_name from duckdb_columns()
            where database_name = 'build' and schema_name = $schema and table_name = $name and not is_nullable
        """
        found = self.connection.execute(sql, {"schema": relation.schema, "name": relation.name}).fetchall()
        return {name for (name,) in found}


@contextmanager
def writing(build: Path, path: Path, *, schemas: tuple[str, ...], memory: str, spill: Path) -> Iterator[SideFile]:
    """A new database at `path` with empty schemas, and the build open beside it for reading.

    Raises PublishingError if anything stays outside of the file at the end.
    """
    with _connected(memory, spill) as connection:
        # Views of the build name their tables with the build's own name.
        connection.execute(f"attach '{quoted(build)}' as build (read_only)")
        connection.execute(f"attach '{quoted(path)}' as side (storage_version '{STORAGE_VERSION}')")
        for schema in schemas:
            connection.execute(f"create schema side.{schema}")
        side = SideFile(connection, path)
        yield side
        side.checkpoint()
        connection.execute("detach side")
    if wal := sorted(path.parent.glob("*.wal")):
        raise PublishingError(f"{wal[0]} was left after the checkpoint, so {path.name} is not whole: publish again")


def verify(path: Path, expected: dict[Relation, Content], *, memory: str, spill: Path) -> None:
    """Open the finished file anew and compare each table with what the build holds.

    Raises PublishingError naming the tables that differ.
    """
    with _connected(memory, spill) as connection:
        connection.execute(f"attach '{quoted(path)}' as side (read_only)")
        found = {relation: content_of(connection, f"side.{_name(relation)}") for relation in expected}
    wrong = [_difference(relation, expected[relation], found[relation]) for relation in expected]
    if differences := [text for text in wrong if text]:
        raise PublishingError(
            "the copy is not what was built: " + "; ".join(differences) + ". Nothing was switched; publish again, and"
            " should it happen twice, suspect the disk"
        )


def content_of(connection: duckdb.DuckDBPyConnection, source: str) -> Content:
    """Columns, rows and hash of a table."""
    columns = _columns(connection, source)
    # hash() takes an empty list and a null for the same; their JSON differs.
    terms = [f'to_json("{name}")::varchar' if _is_nested(kind) else f'"{name}"' for name, kind in columns]
    each = f"hash({', '.join(terms)})"
    row = connection.execute(
        f"select count(*), coalesce(sum({each}::hugeint), 0)::varchar, coalesce(bit_xor({each}), 0) from {source}"
    ).fetchall()[0]
    return Content(columns, row[0], f"{int(row[1]) % 2**64:016x}{row[2]:016x}")


def _difference(relation: Relation, built: Content, copied: Content) -> str:
    if built.columns != copied.columns:
        return f"{relation} has other columns"
    if built.rows != copied.rows:
        return f"{relation} has {copied.rows:,} rows, built were {built.rows:,}"
    return "" if built == copied else f"{relation} has other values"


@contextmanager
def _connected(memory: str, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(spill),
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[tuple[str, str], ...]:
    return tuple((row[0], row[1]) for row in connection.execute(f"describe from {source}").fetchall())


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED)


def _name(relation: Relation) -> str:
    return f'{relation.schema}."{relation.name}"'
