"""What readers saw since when: the records of publications and of returns to one."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from clientele.publishing.versions import Published, sequence_of
from clientele.records import Records, schemas

PUBLICATIONS = "publications"
PUBLICATIONS_TABLE = f"governance.{PUBLICATIONS}"


class Seen(NamedTuple):
    """A version, how readers came to see it, and since when (UTC)."""

    version: str
    action: str
    published_at: datetime


def publications(home: Path) -> list[Seen]:
    """What readers saw since when, oldest first: all publications, and all returns to one."""
    folder = Records(home).root / PUBLICATIONS
    if not any(folder.glob("*.parquet")):
        return []
    # By DuckDB, as reading Parquet with pyarrow imports pandas, which takes longer than a rollback may.
    with duckdb.connect() as connection:
        result = connection.execute(
            "select version, action, published_at from read_parquet($files) order by published_at, version",
            {"files": str(folder / "*.parquet")},
        )
        return [Seen(*row) for row in result.fetchall()]


def heal(home: Path, published: Published) -> None:
    """Write the records that a process was killed before writing, and remove a version that it did not switch to.

    The manifests say all that is missing. Only who holds the lock of the versions may call it.
    """
    for partial in (Records(home).root / PUBLICATIONS).glob(".2*"):
        partial.unlink()
    current = published.current()
    seen = publications(home)
    left = published.left()
    unrecorded = set(published.versions()) - {row.version for row in seen}
    for version in unrecorded:
        # One that was returned from while the disk was full is newer than the current, and was seen all the same.
        if version in left or (current and sequence_of(version) <= sequence_of(current)):
            record_publication(home, published.manifest(version))
        else:
            published.remove(version)
    seen = publications(home) if unrecorded else seen
    if current and seen[-1].version != current:
        record_rollback(home, published, current)
    published.forget_left()


def record_publication(home: Path, manifest: dict[str, Any]) -> None:
    """Write down that a version was published; safe to repeat."""
    Records(home).append(PUBLICATIONS, [row_of(manifest, "publish")], name=manifest["version"])


def record_rollback(home: Path, published: Published, version: str) -> None:
    """Write down that readers see `version` since the last switch; safe to repeat. It was recorded when published."""
    # Named and dated by the switch itself, so that writing it twice makes one row. What the version holds is copied
    # from its publication, by DuckDB: to make a row of its own, pyarrow imports pandas, which takes too long here.
    at, records = published.switched_at(), Records(home)
    sql = "select * replace ('rollback' as action, $at::timestamp as published_at) from read_parquet($file)"
    with duckdb.connect() as connection:
        file = str(records.path(PUBLICATIONS, version))
        rows = connection.sql(sql, params={"at": at, "file": file}).to_arrow_table()
    records.put(PUBLICATIONS, rows, name=f"{version}-rollback-{at:%Y%m%dT%H%M%S%f}")


def row_of(manifest: dict[str, Any], action: str) -> dict[str, Any]:
    """A row of the publications table. That table's own hash is in the manifest alone: it cannot contain itself."""
    tables = {name: content for name, content in manifest["tables"].items() if name != PUBLICATIONS_TABLE}
    row = {name: manifest[name] for name in schemas()[PUBLICATIONS].names if name in manifest}
    return row | {
        "action": action,
        "published_at": _moment(manifest["published_at"]),
        "snapshot_date": _day(manifest["snapshot_date"]),
        "models_json": json.dumps(manifest["models"]),
        "tables_json": json.dumps({name: {key: of[key] for key in ("rows", "hash")} for name, of in tables.items()}),
    }


def _moment(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
