"""Every page of the dashboards, without a browser: over the demo company, and over nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientele.publishing.versions import Published
from dashboards import shown
from dashboards.pages import PAGES
from tests.dashboards import figures, opened


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_the_demo_company(page: str, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, page, monkeypatch)
    assert len(app.title) == 1
    # Which state of the tables it is, on every page.
    assert Published(company).current() in app.caption[0].value
    if page != "credit":  # a small company has too few defaults for a scorecard; see the lender
        assert figures(app) or app.dataframe
        assert app.get("vega_lite_chart") or page == "customers"
        # The demo company has every source and some days: nothing is empty.
        assert [info.value for info in app.info] == []


# What each page says where nothing is published: which source was never loaded, or which step is missing.
MISSING = {
    "overview": ["No day was scored yet", "Nothing was sold yet"], "customers": ["No customer fits"],
    "segments": ["No segments were found"], "value": ["No customer was valued"],
    "credit": ["No customer has a credit score"], "campaigns": ["No campaign has a day"],
    "models": ["No run has made any checks yet", "No model scores yet"],
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_is_missing_where_nothing_is(
    page: str, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(empty, page, monkeypatch)
    assert len(app.title) == 1
    said = " ".join(info.value for info in app.info)
    assert [word for word in MISSING[page] if word not in said] == []
    assert "Every check passed" not in said
    assert "nan" not in " ".join(figures(app).values()).lower()


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("customers", {"risk": "wild"}), ("customers", {"sort": "random()"}), ("overview", {"segment": "*nobody*"}),
        ("campaigns", {"period": "a decade"}), ("segments", {"since": "yesterday"}),
        *(("customers", {"page": number}) for number in ("999", "0", "-3", "abc")),
    ],
)  # fmt: skip
def test_a_filter_in_the_address_that_nothing_knows_is_said_to_be_unknown(
    page: str, address: dict[str, str], company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (unknown,) = address.values()
    app = opened(company, page, monkeypatch, **address)
    assert [f"there is no *{shown.plain(unknown)}* here" in warning.value for warning in app.warning] == [True]
    assert len(opened(company, page, monkeypatch).warning) == 0


def test_what_a_figure_came_from_is_made_when_it_is_asked_for(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, "value", monkeypatch)
    assert len(app.code) == 0
    assert len(app.get("download_button")) == 0
    assert len(app.get("popover")) >= 4
