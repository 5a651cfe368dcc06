"""Runs under another clock: near midnight, and near the hours at which the clocks of Berlin change."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
SOURCE = Path(__file__).with_name("clock.c")


class NoCompilerError(Exception):
    """The clock of a process cannot be shifted here."""


def compiled(folder: Path) -> Path:
    """The library that shifts the clock of a process into which it is preloaded.

    libfaketime 0.9.10 either breaks the sleeps of Python 3.11 or makes its waits last for ever. Raises NoCompilerError.
    """
    compiler, library = shutil.which("cc"), folder / "clock.so"
    if compiler is None:
        raise NoCompilerError("shifting the clock needs a C compiler (Debian: apt-get install gcc)")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompilerError(f"the clock cannot be shifted here: {done.stderr}")
    return library


def shifted(library: Path, to: datetime) -> dict[str, str]:
    """The environment of a process in Berlin at a time that goes on from now."""
    seconds = (to - datetime.now(UTC)).total_seconds()
    return {"LD_PRELOAD": str(library), "CLOCK_SHIFT_S": f"{seconds:.0f}", "TZ": ZONE}


def moments(now: datetime) -> dict[str, datetime]:
    """Midnight UTC after tomorrow, and the next changes of the clocks of Berlin (UTC)."""
    midnight = datetime.combine(now.date() + timedelta(days=2), datetime.min.time(), UTC)
    hours = [midnight + timedelta(hours=hour) for hour in range(366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(ZONE)).utcoffset() for hour in hours]
    changes = [hours[i] for i in range(1, len(hours)) if offsets[i] != offsets[i - 1]]
    return {"over midnight UTC": midnight} | {
        f"the clocks of Berlin go {'forward' if 3 <= change.month <= 4 else 'back'}": change for change in changes[:2]
    }


def day_seen_from(loaded_at: datetime) -> date:
    """The newest snapshot after a load at that time: what lands until six in the morning counts for the day."""
    return (loaded_at - timedelta(hours=6)).date() + timedelta(days=1)
