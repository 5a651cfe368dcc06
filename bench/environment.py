"""Environments of their own for tools that we are compared with, each from its lock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from clientele.contract import PROJECT_ROOT


def python_of(name: str, say: Callable[[str], None]) -> Path:
    """Python of `.venv-<name>`, set up from requirements/<name>.lock where that is newer.

    Raises RuntimeError with the installer's words where it cannot be set up.
    """
    venv, lock = PROJECT_ROOT / f".venv-{name}", PROJECT_ROOT / "requirements" / f"{name}.lock"
    python, stamp = venv / "bin" / "python", venv / f".{name}.stamp"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return python
    say(f"setting up {venv.name}")
    uv = Path(sys.executable).parent / "uv"
    commands = [
        [str(uv), "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(venv)],
        [str(uv), "pip", "install", "--quiet", "--python", str(python), "--requirements", str(lock)],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{venv.name} could not be set up: {done.stderr[-1000:]}")
    stamp.touch()
    return python
