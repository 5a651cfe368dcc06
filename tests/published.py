"""Publications for tests of readers, made from a build without an audit, or from another publication without rows."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from clientele.publishing import side_file
from clientele.publishing.relations import PUBLIC_SCHEMAS, relations_of
from clientele.publishing.versions import DATABASE, MANIFEST, Published
from clientele.records import Records

MOMENT = datetime(2026, 1, 1, 6)


def publish_unaudited(build: Path, home: Path, version: str) -> Path:
    """Let readers of `home` see what the build of another home holds; returns the published file."""
    with duckdb.connect(str(build / "build.duckdb"), read_only=True) as connection:
        relations = relations_of(connection, "build")
    path = _new_version(home, version)
    with side_file.writing(
        build / "build.duckdb", path, schemas=PUBLIC_SCHEMAS, memory="1GB", spill=home / "tmp"
    ) as side:
        origin = side.origin()
        side.connection.execute("select 1").fetchall()  # what the last query of origin() left open is closed
        row = {
            "version": version, "action": "publish", "published_at": MOMENT, "snapshot_date": origin.snapshot_date,
            "models_json": json.dumps(origin.models), "tables_json": "{}", "n_warnings": 0,
        }  # fmt: skip
        for relation in relations:
            if relation.name == "publications":
                schema = Records(build).read("publications").schema
                side.copy_rows(relation, pa.Table.from_pylist([row], schema=schema))
            elif relation.is_record:
                side.copy_rows(relation, Records(build).read(relation.name))
            else:
                side.copy(relation)
        side.checkpoint()
    Published(home).switch_to(version)
    return path


def publish_without_rows(published: Path, home: Path, version: str) -> Path:
    """Let readers of `home` see every table of a published file, with no row in it."""
    path = _new_version(home, version)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"attach '{published}' as whole (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'whole'"
        ).fetchall()
        for schema in sorted({schema for schema, _name in tables}):
            connection.execute(f"create schema {schema}")
        for schema, name in tables:
            connection.execute(f"create table {schema}.{name} as from whole.{schema}.{name} limit 0")
    Published(home).switch_to(version)
    return path


def _new_version(home: Path, version: str) -> Path:
    folder = Published(home).root / version
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(json.dumps({"version": version, "previous": None}))
    return folder / DATABASE
