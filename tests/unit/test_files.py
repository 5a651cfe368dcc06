"""Small files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clientele.files import write_whole


def test_what_was_there_stays_where_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "vars.yml"
    write_whole(path, "reporting_currency: EUR\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "")
    assert [file.name for file in tmp_path.iterdir()] == ["vars.yml"]
    assert path.read_text() == "reporting_currency: EUR\n"
