"""Dagster's storage in Postgres, as docs/operations.md has it: a run is kept there, and nothing in SQLite."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults.company import at_rest
from clientele.landing.inbox import drop_into
from clientele.running import project_vars
from dagster_project.instance import ensure_instance
from tests import parsing
from tests.pipeline.conftest import launched

STORAGE = """
storage:
  postgres:
    postgres_url:
      env: DAGSTER_PG_URL
"""
NOBODY = "nobody"
# The driver is named, as SQLAlchemy 2.1 takes another one where it is not.
SCHEME = "postgresql+psycopg2://"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that CLIENTELE_TEST_PG_URL names, else one of our own, from Debian's binaries."""
    if given := os.environ.get("CLIENTELE_TEST_PG_URL"):
        yield given.replace("postgresql://", SCHEME)
        return
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if binaries is None or not (binaries / "initdb").exists():
        pytest.skip("no Postgres: set CLIENTELE_TEST_PG_URL to the url of one, or apt-get install postgresql")
    yield from served(binaries, tmp_path_factory.mktemp("postgres"))


def served(binaries: Path, folder: Path) -> Iterator[str]:
    """A new server on a free port of 127.0.0.1, gone afterwards. Postgres refuses to be root: then it is nobody."""
    data, user = folder / "data", None
    if os.geteuid() == 0:
        user = NOBODY
        for path in (folder, *folder.parents):
            # Down to the data a user of no rights must get; the test's folders are for root alone.
            if path == Path("/tmp") or path.stat().st_mode & 0o001:
                break
            path.chmod(0o711)
        os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    initdb = [str(binaries / "initdb"), "-D", str(data), "--username=dagster", "--auth=trust", "--no-sync"]
    done = subprocess.run(initdb, user=user, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
    command = [str(binaries / "postgres"), "-D", str(data), *(word for setting in settings for word in ("-c", setting))]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(port, server, folder / "log")
        yield f"{SCHEME}dagster@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        server.wait(60)


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"Postgres did not start: {log.read_text()}")


def test_a_run_is_kept_in_postgres(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dagster as dg

    home = tmp_path / "warehouse"
    export = tmp_path / "export"
    export.mkdir()
    (export / "mapping.yml").write_text("version: 1\nentities:\n  orders: {path: orders.csv}\n")
    (export / "orders.csv").write_text("order_id,customer_id,ordered_at,amount,currency\no1,c1,2025-12-01,9.99,EUR\n")
    at_rest(export)
    drop_into(home, "shop", export)
    settings = ensure_instance(home) / "dagster.yaml"
    in_sqlite = settings.read_text()
    start, end = in_sqlite.index("storage:\n"), in_sqlite.index("\n\n", in_sqlite.index("storage:\n"))
    settings.write_text(in_sqlite[:start] + STORAGE.lstrip() + in_sqlite[end:])
    monkeypatch.setenv("DAGSTER_PG_URL", url)
    parsing.lend(home, project_vars(home))
    done = launched(home, "land")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    with dg.DagsterInstance.from_config(str(settings.parent)) as instance:
        assert "Postgres" in type(instance.run_storage).__name__
        run = instance.get_runs(limit=1)[0]
        assert (run.job_name, run.status) == ("land", dg.DagsterRunStatus.SUCCESS)
        assert run.run_id in done.stderr
        assert instance.get_latest_materialization_event(dg.AssetKey(["commerce", "orders"]))
    assert not list(settings.parent.rglob("*.db"))
