from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clientele.publishing.publication import KEPT, publish
from tests.unit.publishing.company import Company


@pytest.fixture(scope="session")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Company(tmp_path_factory.mktemp("company") / "warehouse")
    made.run()
    return made.home


@pytest.fixture(scope="session")
def published_often(run_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("company") / "warehouse"
    shutil.copytree(run_once, home)
    for _number in range(KEPT):
        publish(home)
    return home


@pytest.fixture
def full(published_often: Path, tmp_path: Path) -> Company:
    """A warehouse with as many publications as are kept."""
    shutil.copytree(published_often, tmp_path / "warehouse", symlinks=True)
    return Company(tmp_path / "warehouse")


@pytest.fixture
def company(run_once: Path, tmp_path: Path) -> Company:
    """A warehouse that was run once and may be published."""
    shutil.copytree(run_once, tmp_path / "warehouse")
    return Company(tmp_path / "warehouse")
