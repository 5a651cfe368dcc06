"""Landed files that cannot be read: which they are, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from clientele.landing.lake import Lake

MAGIC = b"PAR1"  # how a Parquet file begins and ends
SHORTEST = 12
SHOWN = 5


def damaged(lake: Lake) -> list[Path]:
    """Landed files that are cut off or no Parquet at all, by their ends alone: cheap enough for every run."""
    return [path for path in _landed(lake) if not _has_ends(path)]


def unreadable(lake: Lake) -> list[Path]:
    """Landed files of which some value cannot be read. Reads the whole lake: for after a failure."""
    with duckdb.connect() as connection:
        return [path for path in _landed(lake) if not _is_readable(connection, path)]


def complaint(paths: Iterable[Path]) -> str:
    """What is wrong with such files, and what to do."""
    paths = list(paths)
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    names, folders = ", ".join(map(str, paths[:SHOWN])), ", ".join(sorted({path.parent.name for path in paths[:SHOWN]}))
    return (
        f"{names}{more}: damaged, it cannot be read. Bring it back from a backup, as landed files never change."
        f" Without one, remove the folder {folders}, land its exports again and"
        " `clientele run --full-refresh`."
    )


def _landed(lake: Lake) -> list[Path]:
    return [path for batch in lake.batches() if batch > 0 for path in sorted(lake.batch_dir(batch).glob("*.parquet"))]


def _has_ends(path: Path) -> bool:
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        if size < SHORTEST:
            return False
        handle.seek(0)
        first = handle.read(len(MAGIC))
        handle.seek(-len(MAGIC), 2)
        return first == handle.read(len(MAGIC)) == MAGIC


def _is_readable(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    try:
        sql = "select bit_xor(hash(landed)) from read_parquet($file, hive_partitioning = false) as landed"
        connection.execute(sql, {"file": str(path)}).fetchall()
    except duckdb.Error:
        return False
    return True
