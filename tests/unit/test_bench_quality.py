"""The bench of quality reports what it measured this time."""

from pathlib import Path
from typing import Any

import pytest

from bench.quality import truth
from bench.quality.page import Options


def test_a_warehouse_of_an_earlier_run_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, ran = tmp_path / "warehouse", list[str]()
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "mapping.yml").touch()
    home.mkdir()
    (home / "build.duckdb").touch()

    def command(arguments: list[str], **_: Any) -> None:
        assert not (home / "build.duckdb").exists()
        ran.append(arguments[1])

    monkeypatch.setattr(truth.subprocess, "run", command)
    truth._build(tmp_path, home, Options())
    assert ran == ["load", "run"]
