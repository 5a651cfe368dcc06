"""Publications that pages are drawn over, and a browser that tells whom they spoke to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from dashboards import data
from dashboards.browser import CHROMIUM, Watched, opened_browser
from tests.dashboards import given_a_past
from tests.needed import lacks
from tests.published import publish_without_rows

WINDOW = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def company(built_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, which tests may switch: pages keep its file open with settings of their own, one of which DuckDB allows.

    The company was built for one day; here it also has the days before, so that there is something to compare with.
    """
    home = tmp_path_factory.mktemp("company")
    shutil.copytree(built_company / "published", home / "published", symlinks=True)
    given_a_past(home)
    return home


@pytest.fixture(scope="module")
def empty(built_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("empty")
    publish_without_rows(Path(data.current_path(built_company)), home, "2026-01-01-0001")
    return home


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        lacks("browser", f"no browser at {CHROMIUM}. Debian: apt-get install chromium")
    with opened_browser() as browser:
        yield browser


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens pages without a past; each is asked afterwards whom it spoke to and what it complained about."""
    opened: list[Watched] = []

    def watch(address: str, *others: str, **options: Any) -> Watched:
        """A page in a context of its own, which may speak to its address and to no others but these."""
        context = browser.new_context(**{"viewport": WINDOW} | options)
        opened.append(Watched(context.new_page(), address, *others))
        return opened[-1]

    yield watch
    for page in opened:
        page.page.context.close()
    assert [page.other_hosts for page in opened if page.other_hosts] == []
    assert [page.errors for page in opened if page.errors] == []
