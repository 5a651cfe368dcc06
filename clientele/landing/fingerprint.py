"""Whether the same files have landed before by the same mapping and contract."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clientele.contract import Entity
from clientele.landing.errors import LandingError
from clientele.landing.lake import Lake, quoted
from clientele.landing.mapping import EntityMapping

CHUNK = 1 << 22


@dataclass(frozen=True)
class EarlierLanding:
    """What an earlier load made of the same input."""

    rows_read: int
    rows_refused: int


def fingerprint(mapping: EntityMapping, entity: Entity, files: Iterable[Path]) -> str:
    """sha256 over all that decides which rows land: the bytes of the files, the mapping, the contract."""
    digest = hashlib.sha256(repr((mapping, entity.key, entity.clock)).encode())
    for column in entity.columns.values():
        limits = (column.required, column.accepted, column.min, column.above, column.max, column.currency)
        digest.update(repr((column.name, column.data_type, *limits, column.may_be_future)).encode())
    for path in files:
        if path.suffix.lower() == ".gz":
            _check_gzip(path)
        digest.update(hashlib.sha256(str(path.stat().st_size).encode()).digest())
        with path.open("rb") as handle:
            while chunk := handle.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _check_gzip(path: Path) -> None:
    """Read it to its checksum, which DuckDB does not compare: a damaged file must not land as rows of garbage."""
    try:
        with gzip.open(path, "rb") as handle:
            while handle.read(CHUNK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise LandingError(f"is damaged: {error}", file=path, remedy="export or copy it again") from error


def in_background(mapping: EntityMapping, entity: Entity, files: Iterable[Path]) -> Future[str]:
    """The same beside the load, on the core that reading a CSV leaves idle."""
    pool = ThreadPoolExecutor(max_workers=1)
    future = pool.submit(fingerprint, mapping, entity, list(files))
    pool.shutdown(wait=False)
    return future


def earlier_entities(con: duckdb.DuckDBPyConnection, lake: Lake) -> set[str]:
    """Entities that any load has read."""
    if not lake.landings():
        return set()
    return {row[0] for row in con.execute(f"select distinct entity from {_landings(lake)}").fetchall()}


def find_earlier(con: duckdb.DuckDBPyConnection, lake: Lake, entity: str, print_: str) -> EarlierLanding | None:
    """The earlier landing of the same input, if there is one."""
    if not lake.landings():
        return None
    row = con.execute(
        f"select rows_read, rows_refused from {_landings(lake)} where entity = ? and fingerprint = ? "
        "order by landed_at limit 1",
        [entity, print_],
    ).fetchone()
    return EarlierLanding(*row) if row else None


def _landings(lake: Lake) -> str:
    return "read_parquet([" + ", ".join(f"'{quoted(path)}'" for path in lake.landings()) + "], union_by_name = true)"
