"""Load an example's data set into a home of its own and build everything over it, dbt's data tests too."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from clientele.contract import PROJECT_ROOT
from clientele.landing import LoadReport, load
from clientele.landing.report import EntityReport, Reason
from tests import dbt_in_process

MEMORY = "1GB"


def load_example(name: str, data: Path, home: Path) -> LoadReport:
    """Land `examples/<name>.yml` from the data set's own folder."""
    return load(PROJECT_ROOT / "examples" / f"{name}.yml", data_dir=data, home=home)


def build_and_test(home: Path, *, models: bool = False, **variables: object) -> None:
    """Run `dbt build` with the data tests; the unit tests do not depend on data and run elsewhere.

    Without `models` nothing is fitted, and what reads a fit is left out.
    """
    arguments = ["--exclude-resource-type", "unit_test", *(() if models else ("--exclude", "ml_*__fit+"))]
    dbt_in_process.build(home, arguments, variables, MEMORY)


def built_once(
    name: str, data: Path, factory: pytest.TempPathFactory, *, models: bool = False, **variables: object
) -> tuple[Path, LoadReport]:
    """The home of an example, loaded, built and tested, and the report of its load: once for all workers of a run."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    home = (factory.getbasetemp().parent if is_worker else factory.getbasetemp()) / f"real-{name}"
    home.mkdir(exist_ok=True)
    done = home / "report.json"
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            report = load_example(name, data, home)
            build_and_test(home, models=models, **variables)
            done.write_text(json.dumps([asdict(entity) for entity in report.entities], default=str))
    return home, LoadReport([_entity(account) for account in json.loads(done.read_text())])


def _entity(account: dict) -> EntityReport:
    return EntityReport(**(account | {"reasons": [Reason(**reason) for reason in account["reasons"]]}))


@contextmanager
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build, read-only."""
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def lake(home: Path, entity: str) -> str:
    """The landed rows of an entity as a relation."""
    return f"read_parquet('{home}/lake/raw/*/{entity}.parquet')"


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    """The only row of a query."""
    rows = connection.execute(sql).fetchall()
    assert len(rows) == 1, rows
    return rows[0]
