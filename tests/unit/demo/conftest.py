"""One small company for all tests of the demo: written and landed once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pytest

from clientele.demo import World, write_world
from clientele.landing import LoadReport, load

# With three chunks of customers, as a larger company has more than one.
WORLD = World(customers=360, chunk_customers=150)
AS_OF = dt.datetime(2026, 1, 1)


@dataclass(frozen=True)
class Company:
    """Where the files of a company are, and the account of landing them."""

    out: Path
    home: Path
    report: LoadReport

    def rows(self, sql: str) -> list[tuple]:
        """Rows of a query over the landed entities (by name) and the truth (truth_customers, ...)."""
        return self._connection.execute(sql).fetchall()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.execute("set timezone = 'UTC'")
        files = {file.stem: file for file in (self.home / "lake" / "raw" / "batch=1").glob("*.parquet")}
        truth = ("customers", "dirty_rows", "files", "experiments")
        files |= {f"truth_{name}": self.out / "truth" / f"{name}*.parquet" for name in truth}
        for name, file in files.items():
            con.execute(f"create view {name} as select * from read_parquet('{file}')")
        return con


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    out, home = tmp_path_factory.mktemp("company"), tmp_path_factory.mktemp("home")
    mapping = write_world(out, WORLD)
    # Drawn at six in the morning of the as-of day, landed right then.
    return Company(out, home, load(mapping, home=home, now=AS_OF + dt.timedelta(hours=6)))
