"""The folder ``<home>/published``: versions side by side, and one link that says which of them readers see.

``<version>/clientele.duckdb`` and ``<version>/manifest.json`` never change once they are in place. ``current`` links to
a version; ``current.duckdb`` and ``manifest.json`` are fixed links through it, so that one rename switches both.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from clientele.files import sync
from clientele.publishing.errors import PublishingError

# Not named after a schema in it: clients call the database by its file name, and marts.x must mean one thing.
DATABASE = "clientele.duckdb"
MANIFEST = "manifest.json"
# For readers, beside the versions.
LINKS = {"current.duckdb": f"current/{DATABASE}", MANIFEST: f"current/{MANIFEST}"}
LEFT = ".left-"
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}-(\d{4,})")


def sequence_of(version: str) -> int:
    """The number of a version: 2026-01-01-0007 is the seventh."""
    match = VERSION.fullmatch(version)
    return int(match[1]) if match else 0


class Published:
    """The published versions of a warehouse."""

    def __init__(self, home: Path | str) -> None:
        self.root = Path(home).resolve() / "published"
        self.link = self.root / "current"
        self.lock = self.root / ".lock"

    def current(self) -> str | None:
        """The version that readers see; None before the first publication."""
        try:
            return str(self.link.readlink())
        except FileNotFoundError:
            return None

    def switched_at(self) -> datetime:
        """When `current` was last switched (UTC)."""
        return datetime.fromtimestamp(self.link.lstat().st_mtime, UTC).replace(tzinfo=None)

    def versions(self) -> list[str]:
        """The versions that are kept, oldest first."""
        found = self.root.iterdir() if self.root.is_dir() else ()
        return sorted((path.name for path in found if VERSION.fullmatch(path.name)), key=sequence_of)

    def database(self, version: str) -> Path:
        """The database of a version."""
        return self.root / version / DATABASE

    def manifest(self, version: str) -> dict:
        """What a version holds and where it came from. Raises PublishingError where somebody removed it by hand."""
        path = self.root / version / MANIFEST
        try:
            return json.loads(path.read_text())
        except (FileNotFoundError, ValueError) as error:
            raise PublishingError(
                f"{path} is gone or not whole: `clientele rollback` returns to a version that is kept,"
                " `clientele publish` makes a new one"
            ) from error

    def next_version(self, snapshot_date: date, ever_published: Iterable[str]) -> str:
        """A version with a number that none ever had."""
        last = max((sequence_of(version) for version in (*self.versions(), *ever_published)), default=0)
        return f"{snapshot_date}-{last + 1:04d}"

    def before(self, version: str) -> str | None:
        """The version to return to from `version`: what readers saw before it, if that is kept, else the next older."""
        older = [other for other in self.versions() if sequence_of(other) < sequence_of(version)]
        seen_before = self._seen_before(version)
        return seen_before if seen_before in older else max(older, key=sequence_of, default=None)

    def _seen_before(self, version: str) -> str | None:
        try:
            return self.manifest(version)["previous"]
        except PublishingError:
            # All the more reason to return to another.
            return None

    @contextmanager
    def preparing(self) -> Iterator[Path]:
        """A folder to write a version in, on the same file system; gone afterwards, unless it was put in place."""
        folder = self.root / f"_publishing-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put_in_place(self, prepared: Path, version: str) -> None:
        """Give a prepared folder its name by one rename, durable before and after. Readers do not see it yet."""
        for path in (prepared / DATABASE, prepared / MANIFEST):
            # A client that opens a version for writing would lock the others out.
            path.chmod(0o444)
            sync(path)
        sync(prepared)
        prepared.rename(self.root / version)
        sync(self.root)

    def switch_to(self, version: str) -> None:
        """Let readers see `version`, by one rename."""
        if not self.database(version).exists():
            raise PublishingError(f"{self.database(version)} does not exist, so readers keep {self.current()}")
        _link(self.link, version)
        for name, target in LINKS.items():
            if not (self.root / name).is_symlink():
                _link(self.root / name, target)
        sync(self.root)

    def leave(self, version: str) -> None:
        """Note that readers saw `version`, by a link, for which there is room wherever there is for a switch."""
        _link(self.root / f"{LEFT}{version}", version)

    def left(self) -> set[str]:
        """Versions that readers saw and that were returned from, until that is on record."""
        return {path.name.removeprefix(LEFT) for path in self.root.glob(f"{LEFT}*")}

    def forget_left(self) -> None:
        """All of them are on record."""
        for path in self.root.glob(f"{LEFT}*"):
            path.unlink()

    def remove(self, version: str) -> None:
        """Remove a version; readers who have it open keep it. Killed half-way, it is a leftover and no version."""
        leftover = self.root / f"_removing-{uuid.uuid4().hex[:8]}"
        (self.root / version).rename(leftover)
        shutil.rmtree(leftover, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Remove what killed publications left. Only who holds the warehouse and the lock here may do that."""
        for leftover in (*self.root.glob("_*"), *self.root.glob(".link-*")):
            if leftover.is_symlink():
                leftover.unlink()
            else:
                shutil.rmtree(leftover, ignore_errors=True)


def _link(path: Path, target: str) -> None:
    beside = path.with_name(f".link-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    beside.symlink_to(target)
    # By the fine clock: the file system's own can lag behind a publication that was just recorded.
    os.utime(beside, ns=(time.time_ns(), time.time_ns()), follow_symlinks=False)
    beside.replace(path)
