"""A small company that is built once and brought back for each trial, and what its next day brings."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from clientele.contract import PROJECT_ROOT
from clientele.demo import World, write_world
from clientele.landing import load
from clientele.landing.inbox import drop_folder, drop_into
from clientele.running import newest_snapshot

EXPORT = "next"
MAPPING = "version: 1\ncurrency: EUR\nentities:\n  orders: {path: orders.csv}\n  sessions: {path: sessions.csv}\n"
ROWS = 40  # of each export of a next day


@dataclass
class Company:
    """`home` is what trials work on, always at the same place, so that dbt need not parse for a new one."""

    folder: Path
    customers: int = 300
    world: World | None = None  # another than that of the demo

    @property
    def home(self) -> Path:
        return self.folder / "warehouse"

    @property
    def base(self) -> Path:
        """The warehouse as it was after its first day. Not to be written to."""
        return self.folder / "base"

    def build(self) -> None:
        """Build it, unless it is there."""
        if (self.base / "done").exists():
            return
        for leftover in (self.home, self.base):
            shutil.rmtree(leftover, ignore_errors=True)
        world = self.world or World(customers=self.customers)
        load(write_world(self.folder / "exports", world), home=self.home)
        drop_into(self.home, "demo", self.folder / "exports")
        done = finished(start(self.home, "daily"))
        if done.code:
            raise RuntimeError(f"the company could not be built:\n{done.said[-3000:]}")
        shutil.copytree(self.home, self.base, symlinks=True)
        (self.base / "done").touch()

    def restore(self) -> Path:
        """Bring the warehouse back to what it was after its first day."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(exist_ok=True)
        shutil.copytree(self.base, self.home, symlinks=True, dirs_exist_ok=True)
        return self.home


@dataclass(frozen=True)
class Done:
    """How a run ended, and what it said."""

    code: int
    said: str
    seconds: float


@dataclass
class Running:
    """A run in a process group of its own."""

    process: subprocess.Popen[str]
    log: Path
    began: float

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self, *, alone: bool = False) -> None:
        """Kill -9 of all its processes, or of the first alone; those that it started may then live on."""
        with suppress(ProcessLookupError):
            (os.kill if alone else os.killpg)(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(home: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Running:
    """Start a job through Dagster, as `clientele daily` does."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    env |= {"CLIENTELE_HOME": str(home), "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"} | dict(environment or {})
    # Beside the warehouse: what a run says must not be lost where its disk is full.
    log = home.parent / f"said-{time.time_ns()}.log"
    command = [sys.executable, "-m", "dagster_project.launch", *arguments]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=env, stdout=out, stderr=out, text=True, start_new_session=True
        )
    return Running(process, log, time.monotonic())


def finished(running: Running) -> Done:
    """Wait for the end of a run."""
    code = running.process.wait()
    said = running.said
    running.log.unlink()
    return Done(code, said, time.monotonic() - running.began)


def run(home: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Done:
    """Run a job to its end."""
    return finished(start(home, *arguments, environment=environment))


def at_rest(folder: Path) -> None:
    """Let files look as if they had been there for an hour: one that has just changed is not landed yet."""
    then = time.time() - 3600
    for path in folder.iterdir():
        os.utime(path, (then, then))


def drop_next_day(home: Path, *, is_live: bool = False, rows: int = ROWS) -> date:
    """Put the orders and sessions of the day after the newest into the drop folder; returns the day they make.

    The export says when each row became known, unless `is_live`: then that is the moment of the load.
    """
    day, folder = newest_snapshot(home), drop_folder(home) / EXPORT
    folder.mkdir(parents=True, exist_ok=True)
    known = "" if is_live else ", {clock} + interval 5 minutes as loaded_at"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table rows as select customer_id, row_number() over (order by customer_id) as number"
            f" from (select distinct customer_id from read_parquet('{home}/lake/raw/batch=1/customers.parquet'))"
            f" limit {rows}"
        )
        at = f"timestamp '{day}' + to_minutes(number * 30)"
        connection.execute(
            f"copy (select '{day}-' || number as order_id, customer_id, {at} as ordered_at, 10 + number as amount,"
            f" 'EUR' as currency, 'completed' as status, 'web' as channel{known.format(clock='ordered_at')}"
            f" from rows) to '{folder}/orders.csv' (header)"
        )
        connection.execute(
            f"copy (select '{day}-' || number as session_id, customer_id, {at} as started_at, 60 as duration_s,"
            f" 'web' as channel{known.format(clock='started_at')}"
            f" from rows) to '{folder}/sessions.csv' (header)"
        )
    (folder / "mapping.yml").write_text(MAPPING)
    at_rest(folder)
    return day + timedelta(days=1)
