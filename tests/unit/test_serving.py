"""How the dashboards are started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clientele import serving
from clientele.cli import app
from clientele.contract import PROJECT_ROOT
from clientele.serving import APP, LOGIN, dashboards_command, dashboards_environment


def test_they_listen_where_they_are_told() -> None:
    command = dashboards_command(address="127.0.0.1", port=8765)
    assert str(APP) in command
    assert APP.exists()
    assert command[command.index("--server.port") + 1] == "8765"
    assert command[command.index("--server.address") + 1] == "127.0.0.1"


def test_they_find_the_warehouse_and_the_project_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "before")
    environment = dashboards_environment(Path("warehouse"))
    assert environment["CLIENTELE_HOME"] == str(tmp_path / "warehouse")
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(PROJECT_ROOT), "before"]


def test_nothing_reports_home_and_only_this_machine_is_listened_to() -> None:
    told = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text())
    assert told["browser"]["gatherUsageStats"] is False
    assert told["server"]["address"] == "127.0.0.1"


def test_stopping_the_command_stops_the_server_and_frees_the_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = "from clientele.cli import app; app()"
    command = [sys.executable, "-c", start, "dashboards", "--home", str(tmp_path), "--port", str(port)]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=said, stderr=said)
    try:
        _wait_for(port, process)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        with pytest.raises(OSError):  # noqa: PT011
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the server says that it is up: one that is still starting does not heed a signal yet."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"nothing listens to {port}")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that dashboards were served on; nothing listens."""
    addresses: list[str] = []
    monkeypatch.delenv(LOGIN, raising=False)
    monkeypatch.setattr(serving, "serve_dashboards", lambda _home, *, address, **_: addresses.append(address) or 0)
    return addresses


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.10", "dashboards.example.com", ""])
def test_an_address_that_others_reach_is_refused_without_a_login(address: str, served: list[str]) -> None:
    said = CliRunner().invoke(app, ["dashboards", "--address", address])
    assert said.exit_code == 2
    for remedy in (f"{LOGIN}=oidc", "--address 127.0.0.1", "--without-login"):
        assert remedy in said.stderr
    assert served == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_login(address: str, served: list[str]) -> None:
    assert CliRunner().invoke(app, ["dashboards", "--address", address]).exit_code == 0
    assert served == [address]


def test_others_reach_it_with_a_login_or_where_that_is_said(served: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(app, ["dashboards", "--address", "0.0.0.0", "--without-login"]).exit_code == 0
    monkeypatch.setenv(LOGIN, "none")
    assert CliRunner().invoke(app, ["dashboards", "--address", "0.0.0.0"]).exit_code == 2
    monkeypatch.setenv(LOGIN, "oidc")
    assert CliRunner().invoke(app, ["dashboards", "--address", "0.0.0.0"]).exit_code == 0
    assert served == ["0.0.0.0", "0.0.0.0"]
