"""One writer, and the others are told who it is."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clientele import locks
from clientele.locks import HeldError, holder_of, holding, holding_for_run, holding_warehouse, living_holder


def hold_until(path: Path, held: Any, end: Any) -> None:
    with holding(path, "a load"):
        held.set()
        end.wait(30)


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    with holding_warehouse(tmp_path, "a run"):
        with (
            pytest.raises(HeldError, match=rf"held by a run \(process {os.getpid()}, since 20.* UTC\): wait until"),
            holding_warehouse(tmp_path, "a publication"),
        ):
            pass
        assert str(holder_of(tmp_path / ".run.lock")).startswith("a run (process")
    assert holder_of(tmp_path / ".run.lock") is None
    with holding_warehouse(tmp_path, "a publication"):
        pass


def test_it_waits_where_it_is_told_to_and_says_so(tmp_path: Path) -> None:
    said, done = list[str](), threading.Event()

    def wait_for_it() -> None:
        with holding(tmp_path / "lock", "second", wait=True, say=lambda text: (said.append(text), waiting.set())):
            done.set()

    waiting = threading.Event()
    with holding(tmp_path / "lock", "first"):
        thread = threading.Thread(target=wait_for_it)
        thread.start()
        assert waiting.wait(10)
        assert not done.is_set()
    thread.join(10)
    assert done.is_set()
    assert said[0].startswith(f"waiting: {tmp_path} is held by first (process")


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    held, end = context.Event(), context.Event()
    child = context.Process(target=hold_until, args=(tmp_path / "lock", held, end))
    child.start()
    assert held.wait(30)
    with pytest.raises(HeldError, match="a load"), holding(tmp_path / "lock", "me"):
        pass
    assert str(living_holder(tmp_path / "lock")).startswith("a load")
    child.kill()
    child.join()
    assert living_holder(tmp_path / "lock") is None
    with holding(tmp_path / "lock", "me"):
        assert str(holder_of(tmp_path / "lock")).startswith("me")


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), holding(tmp_path / "lock", "me"):
        raise ZeroDivisionError
    assert (tmp_path / "lock").read_text() == ""
    assert living_holder(tmp_path / "lock") is None
    with holding(tmp_path / "lock", "me"):
        pass


def test_who_asks_for_a_moment_keeps_nobody_from_starting(tmp_path: Path) -> None:
    with holding(tmp_path / "lock", "me"):
        pass
    with (tmp_path / "lock").open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        done = threading.Timer(locks._ASKING_TAKES_S / 4, fcntl.flock, (asking, fcntl.LOCK_UN))
        done.start()
        with holding(tmp_path / "lock", "me"):
            assert living_holder(tmp_path / "lock") is not None
        done.join()


def have_open(path: Path, is_open: Any, end: Any) -> None:
    with duckdb.connect(str(path)):
        is_open.set()
        end.wait(30)


def test_what_is_left_of_a_killed_run_is_waited_for(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "build.duckdb")).close()
    context = multiprocessing.get_context("forkserver")
    is_open, end = context.Event(), context.Event()
    orphan = context.Process(target=have_open, args=(tmp_path / "build.duckdb", is_open, end))
    orphan.start()
    assert is_open.wait(30)
    for writes in (True, False):
        with (
            pytest.raises(HeldError, match="open in another process: a query, or what is left of a run"),
            holding_warehouse(tmp_path, "a run", writes=writes),
        ):
            pass
    said = list[str]()
    with holding_warehouse(tmp_path, "a run", writes=True, wait=True, say=lambda text: (said.append(text), end.set())):
        duckdb.connect(str(tmp_path / "build.duckdb")).close()
    assert said[0].startswith("waiting: ")
    orphan.join()


def test_a_run_does_not_wait_for_ever_for_the_build_to_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "WAITS_UNTIL_CLOSED_S", 1)
    duckdb.connect(str(tmp_path / "build.duckdb")).close()
    context = multiprocessing.get_context("forkserver")
    is_open, end = context.Event(), context.Event()
    notebook = context.Process(target=have_open, args=(tmp_path / "build.duckdb", is_open, end))
    notebook.start()
    assert is_open.wait(30)
    with (
        pytest.raises(HeldError, match=r"after 0 minutes: `fuser -v .*build.duckdb` names it; end it and start"),
        holding_warehouse(tmp_path, "a run", writes=True, wait=True),
    ):
        pass
    end.set()
    notebook.join()
    with holding_warehouse(tmp_path, "a run", writes=True):
        pass


def test_a_reader_of_the_build_hinders_a_run_and_no_publication(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "build.duckdb")).close()
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "build.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        with holding_warehouse(tmp_path, "a publication"):
            pass
        with pytest.raises(HeldError, match="open in another"), holding_warehouse(tmp_path, "a run", writes=True):
            pass
        reader.kill()


def test_the_steps_of_a_run_find_it_held_and_others_wait_for_the_last(tmp_path: Path) -> None:
    code = "import sys, pathlib, clientele.locks as l\nwith l.holding_warehouse(pathlib.Path(sys.argv[1]), 'x'): pass"
    other = [sys.executable, "-c", code, str(tmp_path)]
    with holding_for_run(tmp_path, "daily"):
        for step in ("a build", "a publication"):
            with holding_warehouse(tmp_path, step):
                pass
            refused = subprocess.run(other, capture_output=True, text=True, check=False)
            assert "is held by daily" in refused.stderr
    assert subprocess.run(other, check=False).returncode == 0
