"""What must hold of a warehouse whatever was done to it. Each function returns what does not, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from bench.faults.company import EXPORT
from clientele.contract import Entity, load_contract
from clientele.landing.inbox import drop_folder
from clientele.landing.lake import Lake
from clientele.publishing.side_file import content_of
from clientele.publishing.versions import Published
from clientele.querying import open_published


def published_is_whole(home: Path) -> list[str]:
    """Readers see one version, all of it: the link, the manifest, the file and what the file says of itself."""
    try:
        return list(_not_whole(home))
    except Exception as error:
        return [f"published cannot be read: {type(error).__name__}: {error}"]


def _not_whole(home: Path) -> Iterator[str]:
    published = Published(home)
    version = published.current()
    manifest = json.loads((published.root / "manifest.json").read_text())
    if manifest["version"] != version:
        yield f"the link says {version}, the manifest {manifest['version']}"
    with open_published(home) as connection:
        newest = connection.execute(
            "select version from governance.publications order by published_at desc, version desc limit 1"
        ).fetchall()
        if newest != [(version,)]:
            yield f"the link says {version}, the file's own publications {newest}"
        sql = "select schema_name || '.' || table_name from duckdb_tables() where not internal"
        there = {name for (name,) in connection.execute(sql).fetchall()}
        if there != set(manifest["tables"]):
            yield f"tables differ from the manifest: {sorted(there ^ set(manifest['tables']))}"
        for table in sorted(there & set(manifest["tables"])):
            schema, _, name = table.partition(".")
            content, told = content_of(connection, f'{schema}."{name}"'), manifest["tables"][table]
            if (content.rows, content.hash) != (told["rows"], told["hash"]):
                yield f"{table} has {content.rows} rows, the manifest tells {told['rows']}, or other values"


def nothing_landed_is_lost(before: Path, home: Path) -> list[str]:
    """Every row that was in the lake before is in it still, as it was."""
    lost = []
    with duckdb.connect() as connection:
        for entity in load_contract():
            old, new = ([str(path) for path in Lake(folder).files(entity.name)] for folder in (before, home))
            if not old:
                continue
            gone = connection.execute(
                "select count(*) from (from read_parquet($old, hive_partitioning = false) except all"
                " from read_parquet($new, hive_partitioning = false))",
                {"old": old, "new": new or old[:0]},
            ).fetchall()[0][0]
            if gone:
                lost.append(f"{gone} rows of {entity.name} are gone from the lake")
    return lost


def the_export_landed_once(home: Path) -> list[str]:
    """Every row of the next day's export is in the lake, and none of them twice."""
    wrong = []
    for name in ("orders", "sessions"):
        entity = load_contract()[name]
        rows, keys, expected = _exported(home, entity)
        if not rows == keys == expected:
            wrong.append(f"{name}: {expected} rows were exported; the lake has {rows} of {keys} keys")
    return wrong


def _exported(home: Path, entity: Entity) -> tuple[int, int, int]:
    """Rows and keys of the lake that are of the export, and how many it has."""
    key = ", ".join(entity.key)
    with duckdb.connect() as connection:
        connection.execute(f"create view exported as from read_csv('{drop_folder(home)}/{EXPORT}/{entity.name}.csv')")
        files = [str(path) for path in Lake(home).files(entity.name)]
        if not files:
            return 0, 0, connection.execute("select count(*) from exported").fetchall()[0][0]
        return connection.execute(
            f"select count(*), count(distinct ({key})), (select count(*) from exported)"
            f" from read_parquet($files) semi join exported using ({key})",
            {"files": files},
        ).fetchall()[0]


def the_next_day_is_published(home: Path, day: str, before: str | None) -> list[str]:
    """Readers see a version that is newer than `before`, of the day that the export made."""
    version = Published(home).current()
    shown = Published(home).manifest(str(version))["snapshot_date"]
    wrong = [f"readers still see {version}"] if version == before else []
    return wrong + ([f"readers see the snapshot {shown}, not {day}"] if shown != day else [])


def left_behind(home: Path) -> list[str]:
    """Half-written files that a run found and did not remove."""
    names = ("lake/_loading-*", "published/_*", "published/.link-*")
    return [f"{path.relative_to(home)} was left behind" for name in names for path in home.glob(name)]
