"""The dashboards in Debian's Chromium: for tests, pictures and the bench. Needs playwright's package, no download."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from clientele.serving import dashboards_command, dashboards_environment

CHROMIUM = Path(os.environ.get("CLIENTELE_CHROMIUM", "/usr/bin/chromium"))
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# The figures of cards, as the page has them.
CARD, FIGURE = '[class*="st-key-card-"]', '[class*="st-key-card-"] h3'
STARTS_WITHIN_S = 120
STEADY_MS = 500  # until a page rests that was scrolled
SETTLES_WITHIN_MS = 60_000
# On a deep link Streamlit asks for these below the page's own address first, and then where they are.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The dashboards over a warehouse, on a free port of 127.0.0.1; their address."""
    with started(home) as (address, _process):
        yield address


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def started(
    home: Path, *, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same with the process that serves them, on a port of its own and with more in its environment if asked to."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    command = dashboards_command(address="127.0.0.1", port=port)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=dashboards_environment(home) | dict(environment or {}), stdout=said, stderr=said
        )
        try:
            _wait(address, process)
            yield address, process
        finally:
            process.terminate()
            process.wait()


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser with nothing in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, whom it spoke to besides its own address and who else it may, and what it complained about."""

    def __init__(self, page: Page, address: str, *others: str) -> None:
        self.page = page
        self.address = address
        self.others = {urlsplit(other).netloc for other in others}
        self.other_hosts: set[str] = set()
        self.errors: list[str] = []
        page.set_default_timeout(SETTLES_WITHIN_MS)
        page.on("request", lambda request: self._spoke_to(request.url))
        # Which is no request to Playwright.
        page.on("websocket", lambda socket: self._spoke_to(socket.url))
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str) -> None:
        """Open a page by its address and wait until it rests."""
        self.page.goto(f"{self.address}/{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and the title is there."""
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        )

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a filter."""
        box, wanted = (
            self.page.get_by_role("combobox", name=label),
            self.page.get_by_role("option", name=option, exact=True),
        )
        # A list closes when the page scrolls, as it does under a click on what is out of sight.
        box.scroll_into_view_if_needed()
        self.page.wait_for_timeout(STEADY_MS)
        box.click()
        wanted.click()

    def figure(self, label: str) -> str:
        """What a card says under its label."""
        of_it = self.page.locator(CARD).filter(has=self.page.get_by_text(label, exact=True))
        return of_it.locator("h3").inner_text().strip()

    def _spoke_to(self, url: str) -> None:
        parts = urlsplit(url)
        if (
            parts.scheme in ("http", "https", "ws", "wss")
            and parts.netloc not in {urlsplit(self.address).netloc} | self.others
        ):
            self.other_hosts.add(parts.netloc)

    def _said(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        if message.type == "error" and not url.endswith(PROBES) and urlsplit(url).netloc not in self.others:
            self.errors.append(message.text)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the dashboards did not start on {address}")
