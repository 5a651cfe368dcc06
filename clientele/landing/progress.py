"""How far a long statement is, said while it runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

EVERY = 0.5  # seconds


@contextmanager
def percent(con: duckdb.DuckDBPyConnection, say: Callable[[str], None], text: str) -> Iterator[None]:
    """Say ``text`` with the percentage of the statement that runs meanwhile, if anybody looks on."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(EVERY):
            share = con.query_progress()
            if share >= 0:
                say(f"{text}: {min(share, 100):.0f} %")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
