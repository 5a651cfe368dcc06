"""What other processes do in these tests. They are forked from a server that has imported all of it already."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import duckdb

from clientele.publishing import history, side_file
from clientele.publishing.errors import PublishingError
from clientele.publishing.publication import publish
from clientele.publishing.versions import Published
from clientele.querying import open_published


def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "clientele.publishing.publication", "tests.unit.publishing.workers"])
    return context


def _killed_before(owner: Any, name: str, call: int = 1) -> None:
    original, calls = getattr(owner, name), [0]

    def dying(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **options)

    setattr(owner, name, dying)


def _killed_after(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def dying(*args: Any, **options: Any) -> None:
        original(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)


MOMENTS: dict[str, Callable[[], None]] = {
    "half of the tables copied": lambda: _killed_before(side_file.SideFile, "copy", 2),
    "copied, not yet compared": lambda: _killed_before(side_file, "verify"),
    "compared, not yet in place": lambda: _killed_before(Published, "put_in_place"),
    "in place, not yet switched": lambda: _killed_before(Published, "switch_to"),
    "switched, not yet recorded": lambda: _killed_after(Published, "switch_to"),
    "recorded, not yet pruned": lambda: _killed_after(history, "record_publication"),
    "half pruned": lambda: _killed_before(shutil, "rmtree"),
}


def publish_and_die(home: Path, moment: str) -> None:
    MOMENTS[moment]()
    publish(home)


def publish_again_and_again(home: Path, begun: Any) -> None:
    begun.set()
    while True:
        publish(home)


def publish_with_little_disk(home: Path, limit: int, said: Any) -> None:
    """Publish where no file may grow beyond `limit` bytes; what it raises is put into `said`."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        publish(home)
    except PublishingError as error:
        said.put(str(error))
    else:
        said.put("published")


def read_until(home: Path, stop: Any, begun: Any, seen: Any) -> None:
    """Read two tables on one connection, again and again; puts (reads, builds seen, what went wrong) into `seen`."""
    reads, builds, wrong = 0, set(), []
    while not stop.is_set():
        try:
            with open_published(home) as connection:
                rows = connection.execute(
                    "select max(build) from marts.customers union all select min(build) from marts.customers"
                    " union all select max(build) from marts.days union all select min(build) from marts.days"
                    " union all select max(batch) from governance.landings"
                ).fetchall()
        except (duckdb.Error, OSError, RuntimeError) as error:
            wrong.append(repr(error))
            continue
        # A breath, so that four readers leave the two cores of a small machine to who publishes.
        time.sleep(0.02)
        reads += 1
        builds.add(rows[0][0])
        if len(set(rows)) != 1:
            wrong.append(f"a mix: {rows}")
        begun.set()
    seen.put((reads, len(builds), wrong))
