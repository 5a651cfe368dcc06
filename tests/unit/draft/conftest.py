"""Files in, a drafted mapping and its load out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from clientele.landing import LoadReport, load
from clientele.mapping_draft import MappingDraft, draft_mapping

NOW = dt.datetime(2026, 6, 1, 12, 0)


@dataclass
class Desk:
    """A folder with a stranger's exports."""

    folder: Path

    @property
    def mapping(self) -> Path:
        return self.folder / "mapping.yml"

    def write(self, name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    def draft(self, *names: str) -> MappingDraft:
        """Draft the mapping of files in the folder and write it."""
        draft = draft_mapping([self.folder / name for name in names], self.mapping)
        self.mapping.write_text(draft.text)
        return draft

    def load(self, *, check: bool = False) -> LoadReport:
        return load(self.mapping, home=self.folder / "home", now=NOW, check=check)

    def spec(self, entity: str) -> dict[str, Any]:
        return yaml.safe_load(self.mapping.read_text())["entities"][entity]

    def rows(self, entity: str, columns: str) -> list[tuple]:
        with duckdb.connect() as con:
            files = f"{self.folder}/home/lake/raw/*/{entity}.parquet"
            return con.execute(f"select {columns} from read_parquet('{files}') order by all").fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
