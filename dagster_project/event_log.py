"""Dagster's storage in SQLite, with connections that stay open.

Dagster's own opens a connection for every event, compiles its statements anew and waits for the disk at each commit and
close: 40 ms an event on a slow disk, of which a daily run has 3,000.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as db
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

# Files of runs that stay open beside the index of all of them: a process runs one at a time, or shows a few.
MOST_OPEN = 4


class SteadySqliteStorage(DagsterSqliteStorage):
    """DagsterSqliteStorage, in the same files, whose events go through open connections."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = SteadyEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData, config_value: dict[str, str]
    ) -> SteadySqliteStorage:
        """As dagster.yaml names it."""
        return cls(config_value["base_dir"], inst_data)


class SteadyEventLog(SqliteEventLogStorage):
    """SqliteEventLogStorage with one open connection to each of the files used last.

    Commits reach the operating system, which writes them to the disk when it sees fit: a killed process loses nothing,
    and a machine that goes down only its last events, never the file.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._open: OrderedDict[str, db.engine.Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[db.engine.Connection]:
        if shard not in self._initialized_dbs:
            with super()._connect(shard):
                pass  # makes the tables where they are missing
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> db.engine.Engine:
        if shard not in self._open:
            self._open[shard] = self._opened(shard)
            of_runs = [name for name in self._open if name != INDEX_SHARD_NAME]
            for name in of_runs[:-MOST_OPEN]:
                self._open.pop(name).dispose()
        self._open.move_to_end(shard)
        return self._open[shard]

    def _opened(self, shard: str) -> db.engine.Engine:
        # Whoever connects holds the lock, so that one thread at a time uses the connection.
        engine = db.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=db.pool.StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        with engine.connect() as connection:
            connection.execute(db.text("pragma synchronous = normal"))
        return engine

    def wipe(self) -> None:
        """Forget all events, of which the files of runs go: what is open is closed first."""
        with self._db_lock:
            self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        with self._db_lock:
            self._close()
        super().dispose()

    def _close(self) -> None:
        while self._open:
            self._open.popitem()[1].dispose()
