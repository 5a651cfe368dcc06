"""Dagster's storage in Postgres, as docs/operations.md has it: a run is kept there, and nothing in SQLite."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clientele.landing.inbox import drop_into
from dagster_project.instance import ensure_instance
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
    data, user = folder / "data", {}
    if os.geteuid() == 0:
        user = {"user": NOBODY}
        for path in (folder, *folder.parents):
            # Down to the data a user of no rights must get; the test's folders are for root alone.
            if path == Path("/tmp") or path.stat().st_mode & 0o001:
                break
            path.chmod(0o711)
        os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(tool: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(binaries / tool), "-D", str(data), *arguments],
            **user, cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    call("initdb", "--username=dagster", "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    call("pg_ctl", "--wait", "--log", str(folder / "log"), "-o", options, "start")
    try:
        yield f"{SCHEME}dagster@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "--mode=immediate", "stop")
        shutil.rmtree(data, ignore_errors=True)


def test_a_run_is_kept_in_postgres(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dagster as dg

    home = tmp_path / "warehouse"
    export = tmp_path / "export"
    export.mkdir()
    (export / "mapping.yml").write_text("version: 1\nentities:\n  orders: {path: orders.csv}\n")
    (export / "orders.csv").write_text("order_id,customer_id,ordered_at,amount,currency\no1,c1,2025-12-01,9.99,EUR\n")
    drop_into(home, "shop", export)
    settings = ensure_instance(home) / "dagster.yaml"
    settings.write_text(settings.read_text() + STORAGE)
    monkeypatch.setenv("DAGSTER_PG_URL", url)
    done = launched(home, "land")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    with dg.DagsterInstance.from_config(str(settings.parent)) as instance:
        assert "Postgres" in type(instance.run_storage).__name__
        run = instance.get_runs(limit=1)[0]
        assert (run.job_name, run.status) == ("land", dg.DagsterRunStatus.SUCCESS)
        assert run.run_id in done.stderr
        assert instance.get_latest_materialization_event(dg.AssetKey(["commerce", "orders"]))
    assert not list(settings.parent.rglob("*.db"))
