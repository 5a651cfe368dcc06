"""The drop folder: a folder per export, with its mapping.yml beside the files, landed whenever it changes."""

from __future__ import annotations

from pathlib import Path


def drop_folder(home: Path) -> Path:
    """Where exports are dropped."""
    return home.resolve() / "inbox"


def mappings(home: Path) -> list[Path]:
    """The mappings in the drop folder, in the order of their names."""
    return sorted(drop_folder(home).glob("*/mapping.yml"))


def drop_into(home: Path, name: str, folder: Path) -> Path:
    """Make a folder of exports, with its mapping.yml, one of the drop folder by a link to it."""
    link = drop_folder(home) / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(folder.resolve(), target_is_directory=True)
    return link
