"""Each data set is loaded and built once for all tests that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientele.landing import LoadReport
from tests.real_data.building import built_once

Loaded = tuple[Path, LoadReport]


@pytest.fixture(scope="session")
def online_retail(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The home, built at its newest snapshot, and the report of the load."""
    data = real_data / "online_retail"
    return built_once("online_retail", data, tmp_path_factory, models=True, reporting_currency="GBP")


@pytest.fixture(scope="session")
def cdnow(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return built_once("cdnow", real_data / "cdnow", tmp_path_factory, reporting_currency="USD")


@pytest.fixture(scope="session")
def ecommerce(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    data = real_data / "ecommerce_14_tables"
    return built_once("ecommerce_14_tables", data, tmp_path_factory, reporting_currency="USD")
