"""`make screenshots`: pictures of the UI over a built warehouse, for docs/operations.md, by Debian's chromium."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from clientele.contract import PROJECT_ROOT
from clientele.records import Records
from dagster_project.instance import ensure_instance

IMAGES = Path(__file__).with_name("images")
CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
AT_MOST = 300_000  # bytes of a picture
STARTS_WITHIN_S = 300
SETTLES_WITHIN_MS = 120_000
RESTS_AFTER_MS = 8_000


@contextmanager
def ui(home: Path) -> Iterator[str]:
    """The UI over a warehouse, on a free port of 127.0.0.1; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    env = os.environ | {"CLIENTELE_HOME": str(home), "DAGSTER_HOME": str(ensure_instance(home)), "DO_NOT_TRACK": "1"}
    command = [
        *(str(Path(sys.executable).parent / "dagster"), "dev", "--host", "127.0.0.1", "--port", str(port)),
        *("--module-name", "dagster_project.definitions"),
    ]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=env, stdout=said, stderr=said, start_new_session=True
        )  # fmt: skip
        try:
            _wait(address, process)
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise SystemExit(f"the UI did not start on {address}")


def pictures(home: Path) -> dict[str, str]:
    """What is shown, by the name of its picture: a table among its neighbours (all are too many), and a warning."""
    warned = [row for row in Records(home).read("check_results").to_pylist() if row["check_type"] == "drift"]
    table = max(warned, key=lambda row: (row["status"] == "warn", row["value"] or 0))["asset_name"]
    schema = "ml" if table.startswith("ml_") else "features"
    return {
        "asset_graph": "/assets/features/feat_orders?view=lineage&lineageScope=neighbors",
        "drift_check": f"/assets/{schema}/{table}?view=checks&checkDetail=drift",
    }


def show(page: Page, address: str) -> None:
    """Open a page, wait until it rests, and put away what is in the way."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(RESTS_AFTER_MS)  # graphs are laid out in a worker, which nothing tells of
    skip = page.get_by_role("button", name="Skip", exact=True)
    if skip.count() and skip.first.is_visible():
        skip.first.click()  # the invitation to a newsletter
        page.wait_for_timeout(1_000)
    # Where a warehouse lies is of no interest, and differs from machine to machine.
    page.evaluate(
        """() => { const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
            while (texts.nextNode()) texts.currentNode.data =
                texts.currentNode.data.replace(/[/][^ ]*[/]reports[/]/, "/srv/clientele/reports/") }"""
    )


def take(page: Page, name: str) -> None:
    """Keep what is seen."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    if size > AT_MOST:
        raise SystemExit(f"{path} has {size:,} bytes, more than {AT_MOST:,}: show less in it")
    print(f"{path.relative_to(PROJECT_ROOT)}: {size:,} bytes")


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=PROJECT_ROOT / "demo" / "warehouse", help="a built warehouse")
    parser.add_argument("--chromium", default=CHROMIUM)
    asked = parser.parse_args()
    if not (asked.home / "build.duckdb").exists():
        raise SystemExit(f"{asked.home} holds no build: `make run` makes the demo company")
    IMAGES.mkdir(exist_ok=True)
    with ui(asked.home.resolve()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.set_default_timeout(SETTLES_WITHIN_MS)
        for name, path in pictures(asked.home).items():
            show(page, address + path)
            take(page, name)
        browser.close()


main()
