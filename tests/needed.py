"""What tests need that a machine may lack: without it they are skipped and say so, or fail where it must be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

# What must be there: browser, real_data, with spaces between. `.ci/run` sets it.
REQUIRED = "CLIENTELE_TESTS_REQUIRE"


def lacks(what: str, why: str) -> NoReturn:
    """Skip what needs `what`, a test or a module; fail it where it is required."""
    if what in os.environ.get(REQUIRED, "").split():
        pytest.fail(f"{why} ({REQUIRED} says that it must be there)", pytrace=False)
    pytest.skip(why, allow_module_level=True)
