"""The dashboards in a real Chromium: figures against SQL, shared addresses, new publications, and no word to others."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from clientele.publishing.versions import Published
from dashboards import shown
from dashboards.browser import FIGURE, STEADY_MS, Watched, served
from dashboards.pages import PAGES
from tests.dashboards import asked as rows_of

HEADINGS = {
    "overview": "Customer health", "customers": "Customers", "segments": "Segments", "value": "Value",
    "credit": "Credit", "campaigns": "Campaigns", "models": "Models and data",
}  # fmt: skip


@pytest.fixture(scope="module")
def address(company: Path) -> Iterator[str]:
    with served(company) as address:
        yield address


@pytest.fixture
def page(address: str, watch: Callable[..., Watched]) -> Watched:
    return watch(address)


def asked(home: Path, sql: str) -> tuple:
    """The only row of a query, of a file that pages in this process may hold open."""
    (row,) = rows_of(home, sql)
    return row


def unreadable(page: Watched) -> list[str]:
    """Words in charts that no chart should hold."""
    return page.page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg text')].map(e => e.textContent)"
        ".filter(text => /NaN|undefined|null|Infinity/.test(text))"
    )


def test_every_page_opens_and_tells_its_publication(page: Watched, company: Path) -> None:
    version = Published(company).current()
    for name in PAGES:
        page.open("" if name == next(iter(PAGES)) else name)
        assert page.page.get_by_role("heading", level=1).inner_text() == HEADINGS[name]
        assert version in page.page.get_by_test_id("stCaptionContainer").first.inner_text()
        assert page.page.get_by_test_id("stException").count() == 0
        charts = page.page.get_by_test_id("stVegaLiteChart")
        for number in range(charts.count()):
            charts.nth(number).locator("svg").first.wait_for()
        assert unreadable(page) == [], name
        # Nothing is wider than the window.
        assert page.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_figures_are_those_of_sql_and_follow_a_filter(
    page: Watched, watch: Callable[..., Watched], built_company: Path
) -> None:
    page.open("")
    customers, at_risk = asked(built_company, "select count(*), sum(value_at_risk) from marts.customer_directory")
    assert page.figure("Customers") == shown.number(customers)
    assert page.figure("Value at risk") == shown.money(at_risk, "EUR")
    segment, size = asked(
        built_company, "select segment_name, n_customers from marts.segments order by n_customers desc limit 1"
    )
    page.choose("Segment", segment)
    page.page.locator(FIGURE, has_text=re.compile(f"^{shown.number(size)}$")).first.wait_for()
    # The filter is in the address, and a colleague who opens it sees the same.
    assert f"segment={quote(segment)}".replace("%20", "+") in page.page.url.replace("%20", "+")
    colleague = watch(page.address)
    colleague.page.goto(page.page.url)
    colleague.settle()
    assert colleague.figure("Customers") == shown.number(size)


def test_a_customer_is_searched_for_and_opened_by_address(page: Watched, built_company: Path) -> None:
    (customer,) = asked(built_company, "select max(customer_id) from marts.customer_directory")
    page.open("customers")
    page.page.get_by_label("Customer", exact=True).fill(customer)
    page.page.keyboard.press("Enter")
    page.page.get_by_text(re.compile("^1 customer,")).wait_for()
    page.open(f"customers?customer={customer}")
    assert page.page.get_by_role("heading", level=1).inner_text() == f"Customer {customer}"


def test_a_list_is_sorted_by_its_heads_and_opens_a_customer_that_back_leads_from(
    page: Watched, built_company: Path
) -> None:
    page.open("customers?page=2")
    table = page.page.get_by_test_id("stDataFrame")
    # Search, menus and downloads of the table would know the rows of one page alone.
    table.hover()
    assert not page.page.get_by_test_id("stElementToolbar").first.is_visible()
    for order, last in (("desc", "churn"), ("asc", "churn-up")):
        table.click(position={"x": 110, "y": 15})
        page.page.wait_for_url(f"**/customers?sort={last}")
        page.page.get_by_text("page 1 of").wait_for()
        page.page.wait_for_timeout(STEADY_MS)
        (first,) = asked(
            built_company,
            "select customer_id from marts.customer_directory"
            f" order by churn_probability {order} nulls last, customer_id limit 1",
        )
    table.click(position={"x": 110, "y": 50})
    page.page.wait_for_url(f"**/customers?customer={first}")
    page.page.get_by_role("heading", level=1, name=f"Customer {first}").wait_for()
    page.page.go_back()
    page.page.wait_for_url(f"**/customers?sort={last}")
    page.page.get_by_role("heading", level=1, name="Customers", exact=True).wait_for()
    table.wait_for()
    # The button leads back to the list as it was left, too.
    page.page.wait_for_timeout(STEADY_MS)
    for _ in range(3):  # a list that is being drawn takes no click
        if "customer=" in page.page.url:
            break
        table.click(position={"x": 110, "y": 50})
        with contextlib.suppress(PlaywrightTimeoutError):
            page.page.wait_for_url(f"**/customers?customer={first}", timeout=15_000)
    page.page.get_by_role("button", name="All customers").click()
    page.page.wait_for_url(f"**/customers?sort={last}")


def test_back_leads_through_every_filter_of_every_page(page: Watched, built_company: Path) -> None:
    (segment,) = asked(built_company, "select segment_name from marts.segments order by segment_name limit 1")
    (channel,) = asked(built_company, "select min(channel) from marts.channel_summary where channel <> 'all'")
    links = page.page.get_by_test_id("stTopNavLink")
    written = quote(segment).replace("%20", "+")
    seen: list[str] = []

    def went_to(path: str) -> None:
        page.page.wait_for_url(f"{page.address}/{path}")
        page.settle()
        seen.append(path)

    page.open("")
    went_to("")
    page.choose("Segment", segment)
    went_to(f"?segment={written}")
    links.get_by_text("Campaigns").click()
    went_to("campaigns")
    page.choose("Channel", channel)
    went_to(f"campaigns?channel={channel}")
    page.choose("Period", "3 months")
    went_to(f"campaigns?period=3m&channel={channel}")
    links.get_by_text("Segments").click()
    went_to("segments")
    page.page.get_by_test_id("stButtonGroup").locator("button").nth(1).click()
    went_to("segments?since=previous")
    links.get_by_text("Customers", exact=True).click()
    went_to("customers")
    page.choose("Churn risk", "high")
    went_to("customers?risk=high")
    for path in reversed(seen[:-1]):
        page.page.go_back()
        page.page.wait_for_url(f"{page.address}/{path}")
        said = {
            "": {"Segment": "all"}, f"?segment={written}": {"Segment": segment},
            "campaigns": {"Channel": "all", "Period": "12 months"},
            f"campaigns?channel={channel}": {"Channel": channel, "Period": "12 months"},
            f"campaigns?period=3m&channel={channel}": {"Channel": channel, "Period": "3 months"},
            "customers": {"Segment": "all", "Churn risk": "all"},
        }.get(path, {})  # fmt: skip
        boxes: dict[str, str] = {}
        for _ in range(20):  # until the page before is gone from sight
            page.settle()
            boxes = {
                label: box.input_value()
                for label in ("Segment", "Channel", "Period", "Churn risk")
                if (box := page.page.get_by_role("combobox", name=label)).count()
            }
            if boxes == said:
                break
            page.page.wait_for_timeout(STEADY_MS)
        assert boxes == said, path
    assert page.figure("Customers") == shown.number(
        asked(built_company, "select count(*) from marts.customer_directory")[0]
    )


def test_a_page_that_is_none_is_said_to_be_none(page: Watched) -> None:
    page.open("nosuchpage")
    page.page.get_by_test_id("stAlert").filter(has_text="nosuchpage").wait_for()
    page.errors.clear()  # Streamlit complains of it as well


def test_a_band_tells_of_the_day_under_the_pointer(page: Watched, built_company: Path) -> None:
    page.open("")
    (now, newest) = asked(
        built_company,
        "select value_at_risk, snapshot_date from marts.customer_health_overview where segment_name = 'all'"
        " order by snapshot_date desc limit 1",
    )
    chart = page.page.get_by_test_id("stVegaLiteChart").nth(3)
    chart.scroll_into_view_if_needed()
    chart.locator("svg").wait_for()
    page.page.wait_for_timeout(STEADY_MS)
    box = chart.bounding_box()
    assert box is not None
    for right in range(4, 40, 3):  # until the newest day is met, from the right
        page.page.mouse.move(box["x"] + box["width"] - right, box["y"] + 90)
        page.page.wait_for_timeout(100)
        if page.page.locator("#vg-tooltip-element.visible").count():
            break
    told = page.page.locator("#vg-tooltip-element").inner_text()
    assert shown.day(newest) in told
    assert shown.number(now) in told
    assert "By models" in told
    assert "_" not in told


def test_a_customer_who_moved_opens_in_a_tab(page: Watched) -> None:
    page.open("")
    movers = page.page.get_by_test_id("stDataFrame").first
    movers.scroll_into_view_if_needed()
    page.page.wait_for_timeout(STEADY_MS)
    movers.hover(position={"x": 30, "y": 66})
    page.page.wait_for_timeout(STEADY_MS)
    movers.hover(position={"x": 32, "y": 68})
    page.page.wait_for_timeout(STEADY_MS)
    with page.page.expect_popup() as opened:
        page.page.mouse.down()
        page.page.mouse.up()
    assert "customers?customer=" in opened.value.url
    opened.value.get_by_role("heading", level=1).filter(has_text=opened.value.url.split("=")[1]).wait_for()
    opened.value.close()


def test_a_campaign_is_opened_by_address_and_by_its_row(page: Watched, built_company: Path) -> None:
    # The first of the list as it opens.
    campaign, name = asked(
        built_company,
        "select campaign_id, campaign_name from marts.campaign_summary where period = 'last_365_days'"
        " order by roas desc nulls last, campaign_id limit 1",
    )
    by_day = page.page.get_by_role("heading", name=f"{name} by day")
    page.open(f"campaigns?campaign={campaign}")
    by_day.wait_for()
    assert f"campaign={campaign}" in page.page.url
    page.open("campaigns")
    rows = page.page.get_by_test_id("stDataFrame")
    rows.scroll_into_view_if_needed()
    page.page.wait_for_timeout(STEADY_MS)
    assert by_day.count() == 0
    rows.click(position={"x": 200, "y": 52})
    by_day.wait_for()
    page.page.wait_for_function("location.search.includes('campaign=')")


def test_charts_are_drawn_and_data_come_with_their_query(page: Watched) -> None:
    page.open("value")
    page.page.wait_for_selector("[data-testid=stVegaLiteChart] svg")
    # Of the cards first, of which each figure can be had as well.
    page.page.get_by_role("button", name="Data and query").nth(1).click()
    page.page.get_by_text("dashboards/queries/value_deciles.sql").wait_for()
    with page.page.expect_download() as download:
        page.page.get_by_test_id("stPopoverBody").get_by_role("button", name="CSV").click()
    header, *rows = Path(download.value.path()).read_text().splitlines()
    assert header.startswith("decile,")
    assert len(rows) == 10


def test_credit_is_drawn_from_the_file_and_follows_its_filter(watch: Callable[..., Watched], lender: Path) -> None:
    with served(lender) as address:
        page = watch(address)
        page.open("credit")
        scored, mean = asked(lender, "select count(*), avg(pd) from marts.credit_scores")
        assert page.figure("Customers with a score") == shown.number(scored)
        assert page.figure("Mean probability of default") == shown.share(mean)
        charts = page.page.get_by_test_id("stVegaLiteChart")
        # Parts are drawn after the script has run, and move what is below them.
        charts.nth(6).locator("svg").first.wait_for()
        for number in range(7):
            charts.nth(number).locator("svg").first.wait_for()
        assert charts.count() == 7
        assert unreadable(page) == []
        # A bar for each ten points and band that has customers.
        (bars,) = asked(lender, "select count(*) from marts.credit_score_distribution")
        assert charts.first.locator("g.mark-rect.role-mark path").count() == bars
        page.choose("Groups by", "Gender")
        page.page.wait_for_url("**attribute=gender**")
        (groups,) = asked(
            lender,
            # Groups too small to judge have no rate.
            "select count(approval_rate) from governance.fairness_credit where protected_attribute = 'gender'",
        )
        marks = charts.nth(5).locator("g.mark-symbol.role-mark path")
        page.page.wait_for_function(
            "([at, n]) => document.querySelectorAll('[data-testid=stVegaLiteChart]')[at]"
            ".querySelectorAll('g.mark-symbol.role-mark path').length === n",
            arg=[5, groups],
        )
        assert marks.count() == groups
        page.page.close()


def test_a_publication_and_a_rollback_show_on_the_next_interaction(page: Watched, company: Path) -> None:
    before = Published(company).current()
    page.open("segments")
    newer = before[:-4] + "9999"
    shutil.copytree(company / "published" / before, company / "published" / newer)
    for version in (newer, before):
        Published(company).switch_to(version)
        page.page.get_by_test_id("stTopNavLink").get_by_text("Value").click()
        page.page.get_by_text(version).first.wait_for()
        page.page.get_by_test_id("stTopNavLink").get_by_text("Segments").click()
        page.page.get_by_text(version).first.wait_for()


def test_a_publication_shows_on_a_filter_too(page: Watched, company: Path, built_company: Path) -> None:
    """Which draws its own part of the page alone, unless there is something new."""
    before = Published(company).current()
    newer = before[:-4] + "9998"
    shutil.copytree(company / "published" / before, company / "published" / newer)
    (segment,) = asked(built_company, "select segment_name from marts.segments order by n_customers desc limit 1")
    page.open("")
    Published(company).switch_to(newer)
    page.choose("Segment", segment)
    page.page.get_by_test_id("stCaptionContainer").first.get_by_text(newer).wait_for()
    Published(company).switch_to(before)
    page.choose("Segment", "all")
    page.page.get_by_test_id("stCaptionContainer").first.get_by_text(before).wait_for()


def test_a_telephone_shows_every_page_without_scrolling_sideways(address: str, watch: Callable[..., Watched]) -> None:
    page = watch(address, viewport={"width": 390, "height": 844}, color_scheme="dark")
    for name in PAGES:
        page.open("" if name == next(iter(PAGES)) else name)
        assert page.page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth <= main.clientWidth }"
        ), name


def test_whatever_a_page_speaks_to_is_seen(address: str, browser: Browser) -> None:
    """Else that it speaks to nobody would say nothing: sockets are no requests to a browser."""
    for call in ("fetch('http://127.0.0.1:9/')", "new WebSocket('ws://127.0.0.1:9/')"):
        page = Watched(browser.new_page(), address)
        page.open("")
        page.page.evaluate(f"() => {{ try {{ {call} }} catch {{}} }}")
        page.page.wait_for_timeout(STEADY_MS)
        assert page.other_hosts == {"127.0.0.1:9"}
        page.page.close()
