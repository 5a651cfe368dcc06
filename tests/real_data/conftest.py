"""Online Retail is loaded and built once for all tests that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientele.landing import LoadReport
from tests.real_data.building import build_and_test, load_example


@pytest.fixture(scope="session")
def online_retail(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LoadReport]:
    """The home, loaded and built at its newest snapshot, and the report of the load."""
    home = tmp_path_factory.mktemp("online_retail")
    report = load_example("online_retail", real_data / "online_retail", home)
    build_and_test(home, reporting_currency="GBP")
    return home, report
