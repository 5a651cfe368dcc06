"""How the dashboards are started."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from clientele.contract import PROJECT_ROOT
from clientele.serving import APP, dashboards_command, dashboards_environment


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
