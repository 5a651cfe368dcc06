"""Other tools, run by a script of their own environment (`.venv-bench`) on data handed over as Parquet."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.environment import python_of
from clientele.contract import PROJECT_ROOT

SCRIPTS = Path(__file__).resolve().parent / "peer_scripts"
# As ours: threads that wait for each other by spinning are slower than one on a busy machine.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def run(script: str, *arguments: str | Path, say: Callable[[str], None]) -> dict[str, Any]:
    """What a script printed as JSON on its last line.

    Raises RuntimeError with the error of a tool that cannot be installed or does not run.
    """
    python = python_of("bench", say)
    done = subprocess.run(
        [str(python), str(SCRIPTS / f"{script}.py"), *map(str, arguments)],
        env=os.environ | ONE_THREAD | {"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(
            f"{script}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no error told'}"
        )
    return json.loads(done.stdout.splitlines()[-1])
