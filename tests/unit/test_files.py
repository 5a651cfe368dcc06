"""Small files are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from clientele.files import write_whole
from clientele.records import Records


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


def test_a_file_and_its_name_are_on_the_disk_once_it_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, synced = os.fsync, list[str]()

    def noted(handle: int) -> None:
        synced.append("the folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "the file")
        plain(handle)

    monkeypatch.setattr(os, "fsync", noted)
    path = tmp_path / "vars.yml"
    write_whole(path, "reporting_currency: EUR\n")
    assert synced == ["the file", "the folder"]
    synced.clear()
    Records(tmp_path).append("check_results", [{"check_name": "a"}])
    assert synced == ["the file", "the folder"]
