"""The dashboards over Online Retail alone: orders and customers, and not one of the other sources."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clientele.landing import LoadReport
from dashboards.pages import PAGES
from tests.dashboards import figures
from tests.published import publish_unaudited

logging.getLogger("streamlit").setLevel(logging.ERROR)
# What each page must show where only orders are known: figures, or the source that it lacks.
FIGURES = {"overview", "segments", "value", "models"}
LACKS = {"campaigns": "campaign_performance", "credit": "loans"}


@pytest.fixture(scope="module")
def published(online_retail: tuple[Path, LoadReport], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("online_retail")
    publish_unaudited(online_retail[0], home, "2011-12-10-0001")
    return home


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_what_orders_tell_and_names_what_is_missing(
    name: str, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(published))
    page = AppTest.from_string(f"from dashboards.app import show\nshow({name!r})", default_timeout=120).run()
    assert [error.value for error in page.exception] == []
    told = " ".join(info.value for info in page.info)
    if name in FIGURES:
        assert figures(page)
        assert not any("€" in figure for figure in figures(page).values())  # the currency is the pound
    if name in LACKS:
        assert f"`{LACKS[name]}`" in told
        assert "clientele load" in told
    if name == "customers":
        assert len(page.dataframe[0].value) == 50
