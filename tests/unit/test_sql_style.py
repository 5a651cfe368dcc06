"""SQL is linted as dbt compiles it; as a test, which one worker runs while the others do the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from clientele.contract import PROJECT_ROOT


def test_sql_is_as_the_linter_wants_it() -> None:
    folders = [
        folder
        for folder in ("models", "tests/singular", "analyses")
        if (PROJECT_ROOT / "dbt_project" / folder).is_dir()
    ]
    command = [str(Path(sys.executable).parent / "sqlfluff"), "lint", "--disable-progress-bar", "--processes", "1"]
    command += [f"dbt_project/{folder}" for folder in folders]
    env = os.environ | {"DBT_TARGET_PATH": "target/lint"}
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-5000:]}{done.stderr[-2000:]}\n'make fmt' fixes what can be fixed"
