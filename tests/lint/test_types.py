"""Types are checked here, so that one worker does it while the others do the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clientele.contract import PROJECT_ROOT


def test_mypy_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "mypy"), "clientele", "dagster_project", "dashboards"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-5000:]}{done.stderr[-2000:]}"
