"""SQL is linted as dbt compiles it: here, so that one worker does it while the others do the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from clientele.contract import PROJECT_ROOT

FOLDERS = ("dbt_project/models", "dbt_project/tests/singular", "dbt_project/analyses")


def test_sqlfluff_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "sqlfluff"), "lint", "--disable-progress-bar", "--processes", "1"]
    command += [folder for folder in FOLDERS if (PROJECT_ROOT / folder).is_dir()]
    env = os.environ | {"DBT_TARGET_PATH": "target/lint"}
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-5000:]}{done.stderr[-2000:]}\n'make fmt' fixes what can be fixed"
