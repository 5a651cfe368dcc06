"""The dashboards over a million customers in a real browser: ``python -m bench.dashboards`` writes bench/dashboards.md.

The publication of a demo company is scaled up: each of its customers stands there many times, under other ids and
with amounts that differ a little, so that no two are alike in a sort; sums over customers are multiplied.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import duckdb
import psutil
from playwright.sync_api import Browser, Page

from bench.report import machine
from clientele.contract import PROJECT_ROOT
from clientele.publishing.versions import DATABASE, Published
from dashboards import data, shown
from dashboards.browser import FIGURE, Watched, opened_browser, started
from dashboards.state import ANY

PAGE = Path(__file__).with_name("dashboards.md")
TIMES = 20
FIRST_FIGURE_S, REDRAW_MS, MEMORY_MB = 2.0, 300.0, 600.0
WORDS = """# The dashboards over a million customers

Written by `make bench-dashboards` (`{command}`), not by hand.

Machine: {machine}. Versions: {versions}.

| what | measured | target | verdict |
|---|---:|---:|---|
{measured}

| more of it | |
|---|---:|
{more}

- Chromium, headless, 1280 x 900, on the machine that serves. Redraw is from the click to the last change that can be
  seen, by the browser's clock: figures, charts, and what tables paint. (What a table tells screen readers is not seen,
  and follows 0.2 s after it.) A new filter is one that nobody asked the server for before; of one that was seen before,
  the server has kept the rows. The target is for new ones.
- The publication is that of the demo company with {days} days on record, scaled up: each customer stands there many
  times under other ids, with amounts that differ by up to a tenth. Those of a real company differ more, and compress
  less.
"""
# Filters of the list by their labels, and the columns that they narrow.
LISTED = "marts.customer_directory"
FILTERS = {
    "Churn risk": "risk_level", "Value tier": "value_tier", "Segment": "segment_name", "Country": "country",
}  # fmt: skip
# Amounts of a copy differ by up to a tenth, by the hash of its id.
JITTERED = ("clv_365d", "value_at_risk", "total_spent")
# Tables that sum up customers, and their columns that grow with them.
SUMMED = {
    "customer_health_overview", "customer_health_changes", "segments", "segment_flows", "churn_distribution",
    "value_deciles", "value_concentration", "rfm_cells", "credit_summary", "credit_band_summary",
    "credit_score_distribution", "credit_reason_summary", "credit_recommendation_summary", "credit_offer_summary",
}  # fmt: skip
COUNTED = re.compile(r"(earlier_)?(n_|value_at_risk|churners|clv_365d|expected_)(?!.*(mean|share))")
FEWEST_DAYS = 28  # on record, for the charts over time to hold what they hold in a warehouse that runs daily
# The moment of the click and that of the last change that can be seen, by the browser's own clock: of the page, or of
# what a canvas shows, as tables do. What stands inside of a canvas is for screen readers, and follows 0.2 s later.
CLOCK = """() => {
    window.clickedAt = 0; window.changedAt = 0
    document.addEventListener('click', () => { window.clickedAt = performance.now() }, true)
    const seen = ({target}) => !(target.nodeType === 1 ? target : target.parentElement)?.closest('canvas')
    new MutationObserver(changes => { if (changes.some(seen)) window.changedAt = performance.now() })
        .observe(document.body, {subtree: true, childList: true, characterData: true})
    for (const name of ['fillText', 'fillRect', 'stroke', 'drawImage']) {
        const draw = CanvasRenderingContext2D.prototype[name]
        CanvasRenderingContext2D.prototype[name] = function (...given) {
            window.changedAt = performance.now()
            return draw.apply(this, given)
        }
    }
}"""


def scaled_up(published: Path, to: Path, customers: int) -> int:
    """Write a publication of about so many customers; returns how many there are."""
    with duckdb.connect(str(to), config={"memory_limit": "4GB"}) as connection:
        connection.execute(f"attach '{published}' as small (read_only)")
        ((base,),) = connection.execute("select count(*) from small.marts.customer_profile").fetchall()
        copies = max(round(customers / base), 1)
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'small'"
        ).fetchall()
        for schema in ("marts", "governance"):
            connection.execute(f"create schema {schema}")
        for schema, name in tables:
            source = f"small.{schema}.{name}"
            columns = [row[0] for row in connection.execute(f"describe {source}").fetchall()]
            connection.execute(f"create table {schema}.{name} as {_select(name, source, columns, copies)}")
        # Which publication it is, it says by the name of its folder.
        connection.execute(
            "insert into governance.publications select * replace (? as version) from governance.publications"
            " where version = ? and action = 'publish'",
            [to.parent.name, published.parent.name],
        )
        connection.execute("checkpoint")
    return base * copies


def _select(name: str, source: str, columns: Sequence[str], copies: int) -> str:
    if "customer_id" in columns:
        factor = "(0.9 + 0.2 * (hash(customer_id, copy) % 1000) / 1000)"
        jittered = [f"{column} * {factor} as {column}" for column in JITTERED if column in columns]
        if name == "predictions":
            jittered = []
        replaced = ", ".join(["customer_id || '-' || copy as customer_id", *jittered])
        order = {
            "customer_directory": "order by value_at_risk desc nulls last, customer_id",
            "customer_timeline": "order by customer_id, event_date",
        }.get(name, "")
        return f"select * exclude (copy) replace ({replaced}) from {source}, range({copies}) as t(copy) {order}"
    if name in SUMMED:
        counts = [column for column in columns if COUNTED.match(column)]
        return f"select * replace ({', '.join(f'{column} * {copies} as {column}' for column in counts)}) from {source}"
    return f"from {source}"


class Memory(threading.Thread):
    """The highest resident memory of a process and its children, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.running = psutil.Process(pid), 0, True

    def run(self) -> None:
        while self.running:
            try:
                family = [self.process, *self.process.children(recursive=True)]
                self.peak = max(self.peak, sum(process.memory_info().rss for process in family))
            except psutil.NoSuchProcess:
                return
            time.sleep(0.1)


def first_figure(browser: Browser, address: str) -> float:
    """Seconds from asking for the overview to its first figure, in a browser without a past."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.monotonic()
    page.goto(address, wait_until="commit")
    page.locator(FIGURE).first.wait_for()
    seconds = time.monotonic() - began
    page.context.close()
    return seconds


def redraw(page: Page, label: str, option: str, is_there: Callable[[], object]) -> float:
    """Milliseconds from the click on an option to the last change that can be seen."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).wait_for()
    page.evaluate("() => { window.changedAt = 0 }")
    page.get_by_role("option", name=option, exact=True).click()
    is_there()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_function("() => performance.now() - window.changedAt > 400")  # nothing changes any more
    return page.evaluate("() => window.changedAt - window.clickedAt")


def redraws(browser: Browser, address: str, path: str, steps: Sequence[tuple[str, str, str]]) -> list[float]:
    """One after another: a filter, its option, and words that stand there afterwards and not before."""
    watched = Watched(browser.new_page(viewport={"width": 1280, "height": 900}), address)
    watched.open(path)
    watched.page.wait_for_timeout(1_000)
    watched.page.evaluate(CLOCK)
    taken = []
    for label, option, words in steps:
        there = watched.page.get_by_test_id("stMain").get_by_text(words, exact=False).first
        if there.is_visible():
            raise RuntimeError(f"{words} stands there before {option} is chosen: its redraw could not be told")
        taken.append(redraw(watched.page, label, option, there.wait_for))
    watched.page.context.close()
    return taken


def overview_steps(path: str) -> list[tuple[str, str, str]]:
    """Segments, one after another; who of one can be lost is told by its size."""
    sql = """
        select segment_name, n_scored from marts.customer_health_overview
        where snapshot_date = (select max(snapshot_date) from marts.customer_health_overview) and n_scored > 0
            and segment_id is not null
        order by 1
    """
    rows = data.fetch(path, sql, {})
    steps = [
        ("Segment", name, f"of {shown.number(size)} who")
        for name, size in zip(rows["segment_name"], rows["n_scored"], strict=True)
    ]
    return steps[:TIMES]


def list_steps(path: str) -> list[tuple[str, str, str]]:
    """Twenty filters over all customers, no two alike: risk, tier, segment and country in turn, one changed at a time.

    Each is counted, sorted and cut by the database, which was asked none of them before.
    """
    options = {
        label: list(
            data.fetch(path, f"select distinct {column} as x from {LISTED} where x is not null order by x", {})["x"]
        )
        for label, column in FILTERS.items()
    }
    chosen: dict[str, str] = {}
    steps: list[tuple[str, str, str]] = []
    seen: set[frozenset[tuple[str, str]]] = {frozenset()}
    told = _counted(path, chosen)
    while len(steps) < TIMES:
        turn = len(steps) % len(FILTERS)
        turns = [*FILTERS][turn:] + [*FILTERS][:turn]
        # All of them last: in a small company no more than one customer may be left.
        offered = [(name, option) for name in turns for option in options[name]] + [(name, ANY) for name in turns]
        for label, option in offered:
            after = {name: value for name, value in (chosen | {label: option}).items() if value != ANY}
            words = _counted(path, after)
            # What can be told from what stood there before.
            if frozenset(after.items()) not in seen and words not in told:
                break
        else:
            raise RuntimeError(f"{path} has too few customers for {TIMES} filters that can be told apart")
        chosen, told = after, words
        seen.add(frozenset(chosen.items()))
        steps.append((label, option, words))
    return steps


def _counted(path: str, chosen: dict[str, str]) -> str:
    """What the list says of so many customers as some filters leave."""
    sql = f"select count(*) as n from {LISTED} where " + " and ".join(
        ["true", *(f"{column} = ${column}" for label, column in FILTERS.items() if label in chosen)]
    )
    count = data.fetch(path, sql, {FILTERS[label]: option for label, option in chosen.items()})["n"].iloc[0]
    return shown.plural(count, "customer") if count else "No customer fits"


@contextmanager
def home_of(path: Path, customers: int):  # type: ignore[no-untyped-def]
    """A home whose publication is the scaled one."""
    with tempfile.TemporaryDirectory(prefix="clientele-bench-") as folder:
        home = Path(folder)
        target = Published(home).root / "2026-01-01-0001" / DATABASE
        target.parent.mkdir(parents=True)
        count = scaled_up(path, target, customers)
        Published(home).switch_to("2026-01-01-0001")
        yield home, count, target.stat().st_size


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the page; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=PROJECT_ROOT / "demo" / "warehouse", help="a published warehouse")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    small = data.current_path(asked.home)
    days = data.fetch(small, "select count(distinct snapshot_date) as n from marts.customer_health_overview", {})
    if days["n"].iloc[0] < FEWEST_DAYS:
        parser.error(f"{asked.home} has too few days for charts over time: `clientele daily --from` builds some")
    with home_of(Path(small), asked.customers) as (home, count, size):
        os.environ["CLIENTELE_HOME"] = str(home)
        path = data.current_path(home)
        overview, listed = overview_steps(path), list_steps(path)
        with started(home) as (address, process), opened_browser() as browser:
            memory = Memory(process.pid)
            memory.start()
            cold = first_figure(browser, address)
            warm = [first_figure(browser, address) for _ in range(5)]
            # The second time the server has kept what it gave the first.
            on_overview = [redraws(browser, address, "", overview) for _ in range(2)]
            on_list = [redraws(browser, address, "customers", listed) for _ in range(2)]
            memory.running = False
            memory.join()
    measured = [
        ("first figure of the overview, warm, median of 5, s", statistics.median(warm), FIRST_FIGURE_S, 2),
        *(
            (f"new filter to redraw, {where}, median of {len(taken[0])}, ms", statistics.median(taken[0]), REDRAW_MS, 0)
            for where, taken in (("overview", on_overview), ("list of customers", on_list))
        ),
        ("highest memory of the server, MB", memory.peak / 1e6, MEMORY_MB, 0),
    ]
    more = [
        ("first figure right after the start, s", f"{cold:.2f}"),
        *(
            (f"{filters} to redraw, {where}, {what}, ms", f"{figure(taken[time]):,.0f}")
            for where, taken in (("overview", on_overview), ("list of customers", on_list))
            for filters, time, what, figure in (
                ("new filter", 0, "slowest", max),
                ("filter that was seen before", 1, "median", statistics.median),
            )
        ),
        ("customers", f"{count:,}"),
        (f"other work on the machine: load average at the start, of {os.cpu_count()} cores", f"{load:.1f}"),
        ("published file, MB", f"{size / 1e6:,.0f}"),
    ]
    command = f"python -m bench.dashboards --customers {asked.customers}"
    text = _page(command, int(days["n"].iloc[0]), measured, more)
    asked.out.write_text(text)
    print(text)
    return 0 if all(value <= target for _what, value, target, _digits in measured) else 1


def _page(command: str, days: int, measured: list[tuple[str, float, float, int]], more: list[tuple[str, str]]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "altair", "duckdb"))
    lines = [
        f"| {what} | {value:,.{digits}f} | <= {target:,.{digits}f} | {'met' if value <= target else 'missed'} |"
        for what, value, target, digits in measured
    ]
    told = [f"| {what} | {value} |" for what, value in more]
    return WORDS.format(
        command=command,
        days=days,
        machine=machine(),
        versions=versions,
        measured="\n".join(lines),
        more="\n".join(told),
    )


if __name__ == "__main__":
    sys.exit(main())
