"""`make screenshots`: every page of the dashboards, wide and narrow, light and dark, by Debian's chromium.

Two of them are kept in docs/images for docs/dashboards.md; --out DIR writes all, to be looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser

from clientele.contract import PROJECT_ROOT
from dashboards import data
from dashboards.browser import Watched, opened_browser, served
from dashboards.pages import PAGES

IMAGES = Path(__file__).with_name("images")
KEPT = {"overview": "dashboards_overview", "segments": "dashboards_segments"}
WIDTHS = {1280: 900, 390: 844}
AT_MOST = 300_000  # bytes of a picture that is kept
RESTS_AFTER_MS = 2_000


def addresses(home: Path) -> dict[str, str]:
    """The pages, and that of the customer with most at stake, below the address of the dashboards."""
    first = (
        "select customer_id from marts.customer_directory order by value_at_risk desc nulls last, customer_id limit 1"
    )
    customer = data.fetch(data.current_path(home), first, {})["customer_id"].iloc[0]
    pages = {name: "" if number == 0 else name for number, name in enumerate(PAGES)}
    return pages | {"one_customer": f"customers?customer={quote(customer)}"}


def take(browser: Browser, address: str, page: str, path: Path, *, width: int, scheme: str) -> None:
    """One page from top to bottom."""
    watched = Watched(
        browser.new_page(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme), address
    )  # fmt: skip
    watched.open(page)
    watched.page.wait_for_timeout(RESTS_AFTER_MS)
    height = watched.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    watched.page.set_viewport_size({"width": width, "height": min(height, 6_000)})
    watched.page.wait_for_timeout(RESTS_AFTER_MS)
    watched.page.screenshot(path=path)
    watched.page.close()
    print(f"{path}: {path.stat().st_size:,} bytes")


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=PROJECT_ROOT / "demo" / "warehouse", help="a published warehouse")
    parser.add_argument("--out", type=Path, help="a folder for every page, width and theme")
    asked = parser.parse_args()
    try:
        data.current_path(asked.home)
    except data.NothingPublishedError as error:
        raise SystemExit(f"{error} is not there: `make run` publishes the demo company") from error
    with served(asked.home) as address, opened_browser() as browser:
        if asked.out:
            asked.out.mkdir(parents=True, exist_ok=True)
            for name, page in addresses(asked.home).items():
                for width in WIDTHS:
                    for scheme in ("light", "dark"):
                        path = asked.out / f"{name}_{width}_{scheme}.png"
                        take(browser, address, page, path, width=width, scheme=scheme)
            return
        for name, image in KEPT.items():
            path = IMAGES / f"{image}.png"
            take(browser, address, addresses(asked.home)[name], path, width=1280, scheme="light")
            if path.stat().st_size > AT_MOST:
                raise SystemExit(f"{path} has more than {AT_MOST:,} bytes: show less in it")


main()
