"""The drop folder: a folder per export, with its mapping.yml beside the files, landed whenever it changes."""

from __future__ import annotations

import time
from pathlib import Path

# A file that was touched this recently may still be growing.
SETTLES_WITHIN_S = 30


def drop_folder(home: Path) -> Path:
    """Where exports are dropped."""
    return home.resolve() / "inbox"


def mappings(home: Path) -> list[Path]:
    """The mappings in the drop folder, in the order of their names."""
    return sorted(drop_folder(home).glob("*/mapping.yml"))


def is_settling(folder: Path) -> bool:
    """Whether a file of a folder has just changed: who copies it there may not be done."""
    now = time.time()
    try:
        files = [path for path in folder.resolve().rglob("*") if path.is_file()]
        # Either way: of a clock that is ahead a little; a time far in the future must not hold a file up for ever.
        return any(abs(now - path.stat().st_mtime) < SETTLES_WITHIN_S for path in files)
    except FileNotFoundError:
        return True  # one was renamed or removed between


def drop_into(home: Path, name: str, folder: Path) -> Path:
    """Make a folder of exports, with its mapping.yml, one of the drop folder by a link to it."""
    link = drop_folder(home) / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(folder.resolve(), target_is_directory=True)
    return link
