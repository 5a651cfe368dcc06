"""One company, built once for all workers by the daily run; tests work on copies of it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clientele.contract import PROJECT_ROOT
from clientele.demo import World, write_demo, write_world
from clientele.landing import load
from clientele.landing.inbox import drop_into
from clientele.running import build, project_vars
from tests import parsing
from tests.published import publish_unaudited

CUSTOMERS, BORROWERS = 400, 1_000
# The marts of credit with all that they are made of, and what a page says of itself.
CREDIT = "+path:dbt_project/models/marts/credit +fairness_credit +source_status column_docs settings publications"
# A drift report of one column each: their plots take most of the time of drift.
VARS = "reporting_currency: EUR\ndrift_report_columns: 1\n"


def environment(home: Path) -> dict[str, str]:
    """That of a process which serves the warehouse in `home`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    return own | {"CLIENTELE_HOME": str(home), "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}


def launched(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a job through Dagster, as `clientele daily` does."""
    command = [sys.executable, "-m", "dagster_project.launch", *arguments]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment(home), capture_output=True, text=True, check=False)


@pytest.fixture(scope="session", autouse=True)
def _parsed_for_dagster() -> None:
    """Dagster's definitions of the worker's own warehouse, which holds nothing, need no parse of their own."""
    home = Path(os.environ["CLIENTELE_HOME"])
    parsing.lend(home, project_vars(home))


@pytest.fixture(scope="session")
def built_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo company after its first daily run. Not to be written to."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "company"
    with (shared / "company.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            load(write_demo(folder / "exports", CUSTOMERS), home=folder / "warehouse")
            (folder / "warehouse" / "vars.yml").write_text(VARS)
            drop_into(folder / "warehouse", "demo", folder / "exports")
            parsing.lend(folder / "warehouse", project_vars(folder / "warehouse"))
            run = launched(folder / "warehouse", "daily")
            assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-5000:]
            (folder / "done").touch()
    return folder / "warehouse"


@pytest.fixture(scope="session")
def copied() -> Callable[[Path, Path], Path]:
    """Copies a warehouse."""

    def copy(home: Path, to: Path) -> Path:
        copied = Path(shutil.copytree(home, to, symlinks=True))
        parsing.lend(copied, project_vars(copied))
        return copied

    return copy


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose publication has credit: a demo company that most customers bank with, as far as credit needs it.

    Enough of them defaulted for a scorecard, which takes a thousand customers. Not to be written to.
    """
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "lender"
    with (shared / "lender.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            world = World(customers=BORROWERS, bank_share=0.9, loan_share_bank=0.95)
            load(write_world(folder / "exports", world), home=folder / "warehouse")
            (folder / "warehouse" / "vars.yml").write_text(VARS)
            parsing.lend(folder / "warehouse", project_vars(folder / "warehouse"))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")  # which read no data, and ran for the company
                report = build(folder / "warehouse", select=CREDIT)
            assert report.succeeded, "\n".join(report.errors)
            publish_unaudited(folder / "warehouse", folder / "published_home", "2026-01-01-0001")
            (folder / "done").touch()
    return folder / "published_home"
