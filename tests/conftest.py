"""What all tests share: nothing they do touches the user's warehouse, and nothing reports home."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needed import lacks

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# Set before any test module is imported, and once a process: the workers of pytest-xdist do not share
# dbt's target folder.
_SCRATCH = Path(tempfile.mkdtemp(prefix="clientele-tests-"))
atexit.register(shutil.rmtree, _SCRATCH, ignore_errors=True)
os.environ.update(
    CLIENTELE_HOME=str(_SCRATCH / "warehouse"),
    DBT_TARGET_PATH=str(_SCRATCH / "target"),
    DBT_LOG_PATH=str(_SCRATCH / "logs"),
    DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    DO_NOT_TRACK="1",
)
# Where dbt's parse of one home is kept for others: of the process that starts the workers, who inherit it.
os.environ.setdefault("CLIENTELE_TESTS_PARSED", str(_SCRATCH / "parsed"))

# Garbage is looked for in millions of objects that live as long as the worker: what dbt parsed, libraries, Dagster's
# definitions. Ten times less often is a tenth of a build in this process.
gc.set_threshold(100_000, 50, 100)

# A worker takes a file after the other: those of minutes first, lest one stands last, and the one that builds the demo
# company well before the others that wait for it.
LONGEST = (
    "pipeline/test_daily.py",
    "lint/test_sql.py",
    "lint/test_types.py",
    "point_in_time/test_replay.py",
    "real_data/test_online_retail.py",
    "pipeline/test_models.py",
    "pipeline/test_faults.py",
    "point_in_time/test_mutants.py",
    "point_in_time/test_increment_mutants.py",
    "pipeline/test_credit_on_record.py",
    "pipeline/dashboards/test_browser.py",
    "pipeline/test_bench_small.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {PROJECT_ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


@pytest.fixture(autouse=True)
def _main_module_stays() -> Iterator[None]:
    """Streamlit's AppTest leaves its script as the main module, which processes of later tests would then run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets: CLIENTELE_REAL_DATA, else ../shared/data; without one tests are skipped."""
    folder = Path(os.environ.get("CLIENTELE_REAL_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        lacks(
            "real_data",
            f"no real data at {folder}; set CLIENTELE_REAL_DATA to the folder that holds online_retail/, cdnow/, ...",
        )
    return folder
