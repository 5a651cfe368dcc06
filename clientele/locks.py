"""Who may write: one process at a time, and the others are told which.

A lock is held on an open file, so that it goes with its process, however that ends. What the file says about its
holder is for messages only.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

WAREHOUSE_LOCK = ".run.lock"
BUILD = "build.duckdb"
# Longer than a query or what is left of a killed run should take. A run that waits holds the warehouse and the one slot
# of the queue, so that a forgotten notebook would hold up every run after it, and nobody would be told.
WAITS_UNTIL_CLOSED_S = 30 * 60
_LOOKS_EVERY_S = 0.5
_ASKING_TAKES_S = 0.1
# Warehouses that this process holds for a run of several steps: each of them finds it held already.
_held_for_run: set[Path] = set()


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock: its id, what it does, and since when (UTC)."""

    pid: int
    what: str
    since: str

    def __str__(self) -> str:
        return f"{self.what} (process {self.pid}, since {self.since} UTC)"


class HeldError(Exception):
    """Another process holds what was asked for; the message says which, and what to do."""


def unsaid(_text: str) -> None:
    """What nobody listens to."""


@contextmanager
def holding_warehouse(
    home: Path, what: str, *, writes: bool = False, wait: bool = False, say: Callable[[str], None] = unsaid
) -> Iterator[None]:
    """Hold the build of `home`: nobody else builds or publishes meanwhile, or has it open so that it hinders.

    Raises HeldError where another process holds it, unless told to wait; then where it is not closed in half an hour.
    """
    home = home.resolve()
    lock = nullcontext() if home in _held_for_run else holding(home / WAREHOUSE_LOCK, what, wait=wait, say=say)
    with lock:
        _until_closed(home / BUILD, writes=writes, wait=wait, say=say)
        yield


@contextmanager
def holding_for_run(home: Path, what: str, *, say: Callable[[str], None] = unsaid) -> Iterator[None]:
    """Hold the build of `home` from the first step of a run to its last, waiting for it where need be.

    Were it let go between them, another run could build while this one measures drift or publishes, and neither would
    succeed. Only for a process that does one run and nothing beside it.
    """
    home = home.resolve()
    with holding(home / WAREHOUSE_LOCK, what, wait=True, say=say):
        _held_for_run.add(home)
        try:
            yield
        finally:
            _held_for_run.discard(home)


@contextmanager
def holding(path: Path, what: str, *, wait: bool = False, say: Callable[[str], None] = unsaid) -> Iterator[None]:
    """Hold the lock file at `path`, saying in it who does `what`; `say` is told of a wait before it begins.

    Raises HeldError where another process holds it, unless told to wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opening does not truncate: that would wipe out what the present holder wrote.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, path, wait=wait, say=say)
        _write_holder(handle, what)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock file at `path`, as far as it says."""
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def living_holder(path: Path) -> Holder | None:
    """Who holds the lock file at `path` at this moment: a killed process leaves its name in the file, but no lock."""
    holder = holder_of(path)
    # Asked only where a name stands there, as asking holds the lock for a moment where nobody else does.
    return holder if holder and _is_locked(path) else None


def _is_locked(path: Path) -> bool:
    with path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _until_closed(build: Path, *, writes: bool, wait: bool, say: Callable[[str], None]) -> None:
    """Wait until no process has the build open for writing; for who `writes` himself, nor for reading.

    Such are queries, and the dbt of a run of which only the first process was killed: it lives on and goes on writing.
    DuckDB locks a file the way that lockf does, which asks and lets go again.
    """
    if not build.exists():
        return
    with build.open("rb+" if writes else "rb") as handle:
        if _is_closed(handle.fileno(), writes=writes):
            return
        by = f"{build} is open in another process: a query, or what is left of a run that was killed"
        if not wait:
            raise HeldError(f"{by}. Wait until it is done")
        say(f"waiting: {by}")
        until = time.monotonic() + WAITS_UNTIL_CLOSED_S
        while not _is_closed(handle.fileno(), writes=writes):
            if time.monotonic() > until:
                waited = f"It still was after {WAITS_UNTIL_CLOSED_S / 60:.0f} minutes"
                raise HeldError(f"{by}. {waited}: `fuser -v {build}` names it; end it and start the run again")
            time.sleep(_LOOKS_EVERY_S)


def _is_closed(handle: int, *, writes: bool) -> bool:
    try:
        fcntl.lockf(handle, (fcntl.LOCK_EX if writes else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _acquire(handle: int, path: Path, *, wait: bool, say: Callable[[str], None]) -> None:
    try:
        _acquire_now(handle)
    except BlockingIOError as error:
        by = f"{path.parent} is held by {holder_of(path) or 'another process'}"
        if not wait:
            raise HeldError(f"{by}: wait until it is done") from error
        say(f"waiting: {by}")
        fcntl.flock(handle, fcntl.LOCK_EX)


def _acquire_now(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # It may be somebody who only asks who holds it, which takes a moment.
        time.sleep(_ASKING_TAKES_S)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write_holder(handle: int, what: str) -> None:
    holder = Holder(os.getpid(), what, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}")
    # Where the disk is full the lock holds as well; it only cannot say who has it.
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(asdict(holder)).encode(), 0)
