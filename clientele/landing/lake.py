"""The lake on disk: where batches lie, how one is put in place, and who may write."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from clientele.contract import Contract, load_contract
from clientele.files import sync
from clientele.records import Records

LANDINGS_TYPES = {
    "entity": "varchar",
    "mode": "varchar",
    "fingerprint": "varchar",
    "source_files": "varchar",
    "rows_read": "bigint",
    "rows_landed": "bigint",
    "rows_corrected": "bigint",
    "rows_known": "bigint",
    "rows_refused": "bigint",
    "min_clock_at": "timestamp",
    "max_clock_at": "timestamp",
    "min_loaded_at": "timestamp",
    "max_loaded_at": "timestamp",
    "landed_at": "timestamp",
}


class Lake:
    """The folder ``<home>/lake``."""

    def __init__(self, home: Path | str, contract: Contract | None = None) -> None:
        self.home = Path(home).resolve()
        self.root = self.home / "lake"
        self.raw = self.root / "raw"
        self.contract = contract or load_contract()

    def batches(self) -> list[int]:
        """Numbers of the batches in place, 0 (the contract) included, in order."""
        if not self.raw.is_dir():
            return []
        found = (re.fullmatch(r"batch=(\d+)", path.name) for path in self.raw.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def next_batch(self) -> int:
        """The number that the next load gets."""
        return max(self.batches(), default=0) + 1

    def batch_dir(self, batch: int) -> Path:
        """Folder of one batch."""
        return self.raw / f"batch={batch}"

    def files(self, entity: str) -> list[Path]:
        """Landed files of an entity, oldest first, without the empty one of batch 0."""
        paths = (self.batch_dir(batch) / f"{entity}.parquet" for batch in self.batches() if batch > 0)
        return [path for path in paths if path.exists()]

    def landings(self) -> list[Path]:
        """The accounts of all loads, oldest first."""
        paths = (self.batch_dir(batch) / "landings.parquet" for batch in self.batches() if batch > 0)
        return [path for path in paths if path.exists()]

    def ensure_contract(self) -> Path:
        """Write batch 0: for every entity, for landings and for the records, a file of no rows with the right types.

        Files that already have those types are left alone, so that it costs next to nothing to call.
        """
        folder = self.batch_dir(0)
        folder.mkdir(parents=True, exist_ok=True)
        tables = {entity.name: entity.landed_types for entity in self.contract}
        tables["landings"] = LANDINGS_TYPES
        with duckdb.connect() as con:
            for name, types in tables.items():
                path = folder / f"{name}.parquet"
                if not path.exists() or _types_of(con, path) != _types_as_read(con, types):
                    _write_empty(con, path, types)
        Records(self.home).ensure()
        return folder

    @contextmanager
    def locked(self, say: Callable[[str], None]) -> Iterator[None]:
        """Hold the lake for one load; a second load waits. What killed loads left behind is removed."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting: another load holds {self.root}")
                fcntl.flock(handle, fcntl.LOCK_EX)
            for leftover in self.root.glob("_loading-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield

    @contextmanager
    def loading(self) -> Iterator[Path]:
        """A folder of this load, inside the lake so that it can be renamed into place; gone afterwards."""
        folder = self.root / f"_loading-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        (folder / "batch").mkdir(parents=True)
        (folder / "tmp").mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put_in_place(self, prepared: Path) -> int:
        """Make a prepared folder the next batch by one rename, durable before and after. Returns its number."""
        for path in sorted(prepared.rglob("*"), reverse=True):
            sync(path)
        sync(prepared)
        batch = self.next_batch()
        self.raw.mkdir(parents=True, exist_ok=True)
        prepared.rename(self.batch_dir(batch))
        sync(self.raw)
        return batch


def columns_sql(types: dict[str, str]) -> str:
    """Column definitions for ``create table``."""
    return ", ".join(f'"{name}" {data_type}' for name, data_type in types.items())


def _write_empty(con: duckdb.DuckDBPyConnection, path: Path, types: dict[str, str]) -> None:
    nulls = ", ".join(f'null::{data_type} as "{name}"' for name, data_type in types.items())
    beside = path.with_suffix(f".{uuid.uuid4().hex[:8]}.tmp")
    con.execute(f"copy (select {nulls} where false) to '{quoted(beside)}' (format parquet)")
    sync(beside)
    beside.replace(path)


def _types_of(con: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    scan = f"read_parquet('{quoted(path)}', hive_partitioning = false)"
    try:
        return [row[:2] for row in con.execute(f"describe select * from {scan}").fetchall()]
    except duckdb.Error:
        return []  # damaged; it holds no rows, so it is written anew


def _types_as_read(con: duckdb.DuckDBPyConnection, types: dict[str, str]) -> list[tuple[str, str]]:
    nulls = ", ".join(f'null::{data_type} as "{name}"' for name, data_type in types.items())
    return [row[:2] for row in con.execute(f"describe select {nulls}").fetchall()]


def quoted(value: object) -> str:
    """Text for the inside of a SQL string literal."""
    return str(value).replace("'", "''")
