"""What runs write down about themselves: runs, checks, drift, publications.

One Parquet file a run and table under ``<home>/records/<table>/``, put in place by one rename. The tables are defined
once, in the dbt sources YAML beside the governance models, which read the same files.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from pyarrow import dataset

from clientele.contract import PROJECT_ROOT
from clientele.files import sync

SOURCES = PROJECT_ROOT / "dbt_project" / "models" / "governance" / "_records__sources.yml"
ARROW_TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
# Sorts before every other file and holds no rows: a table that nothing was written to exists, with its types.
EMPTY = "0.parquet"


@cache
def schemas() -> Mapping[str, pa.Schema]:
    """The record tables by name."""
    tables = yaml.safe_load(SOURCES.read_text())["sources"][0]["tables"]
    return {
        table["name"]: pa.schema([(column["name"], ARROW_TYPES[column["data_type"]]) for column in table["columns"]])
        for table in tables
    }


class Records:
    """The folder ``<home>/records``."""

    def __init__(self, home: Path | str) -> None:
        self.root = Path(home).resolve() / "records"

    def ensure(self) -> None:
        """Give every table its empty file, where it is missing or of other columns than today's."""
        for name, schema in schemas().items():
            path = self.root / name / EMPTY
            if not path.exists() or not pq.read_schema(path).equals(schema):
                self._write(path, schema.empty_table())

    def append(self, table: str, rows: Iterable[Mapping[str, Any]], *, name: str = "") -> Path:
        """Put rows in place as one file; a file of the same `name` is replaced, so that a step can be repeated.

        Columns that a row does not name are null. Raises ValueError for a column that the table does not have.
        """
        schema, rows = schemas()[table], list(rows)
        unknown = {column for row in rows for column in row} - set(schema.names)
        if unknown:
            raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
        return self.put(table, pa.Table.from_pylist(rows, schema=schema), name=name)

    def put(self, table: str, rows: pa.Table, *, name: str = "") -> Path:
        """Put rows that are Arrow already in place, likewise."""
        path = self.path(table, name or uuid.uuid4().hex)
        self._write(path, rows)
        return path

    def path(self, table: str, name: str) -> Path:
        """The file that holds what was written under `name`."""
        return self.root / table / f"{name}.parquet"

    def read(self, table: str, *, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """Rows of a table, all unless told; no order is promised. Columns that a file is too old to have are null.

        Years of records are many: `columns` and `where` leave out the rest before it is read.
        """
        files = [str(path) for path in sorted((self.root / table).glob("*.parquet"))]
        rows = dataset.dataset(files, schema=schemas()[table], format="parquet")
        return rows.to_table(columns=list(columns) if columns else None, filter=where)

    def _write(self, path: Path, rows: pa.Table) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            pq.write_table(rows, partial)
            sync(partial)
            partial.rename(path)
            sync(path.parent)
        finally:
            partial.unlink(missing_ok=True)
