"""What readers see, what could be returned to, and how the build stands to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from clientele.dbt_manifest import NoManifestError
from clientele.locks import WAREHOUSE_LOCK, HeldError, Holder, holding, living_holder
from clientele.publishing.auditing import Audit, audit
from clientele.publishing.history import heal
from clientele.publishing.versions import Published
from clientele.querying import NoBuildError


@dataclass
class Status:
    """The state of a warehouse's publications."""

    current: dict[str, Any] | None  # manifest of what readers see
    earlier: list[dict[str, Any]] = field(default_factory=list)  # manifests of the other versions kept, newest first
    rollback_to: str | None = None
    audit: Audit | None = None  # None where the build cannot be read now
    why_no_audit: str = ""
    holder: Holder | None = None  # who builds or publishes at this moment

    @property
    def is_build_newer(self) -> bool:
        """Whether something was built since the current version."""
        if self.audit is None or self.audit.built_at is None:
            return False
        return self.current is None or self.audit.built_at > datetime.fromisoformat(self.current["built_at"])


def status(home: Path) -> Status:
    """Look at what is published and at the build; write the records that a killed publication did not."""
    home = home.resolve()
    published = Published(home)
    _heal_unless_busy(home, published)
    current = published.current()
    others = [version for version in reversed(published.versions()) if version != current]
    found = Status(
        current=published.manifest(current) if current else None,
        earlier=[published.manifest(version) for version in others],
        rollback_to=published.before(current) if current else None,
        holder=living_holder(home / WAREHOUSE_LOCK),
    )
    try:
        found.audit = audit(home)
    except (NoBuildError, NoManifestError) as error:
        found.why_no_audit = str(error)
    return found


def _heal_unless_busy(home: Path, published: Published) -> None:
    if not published.root.is_dir():
        return
    try:
        with holding(published.lock, "a look at the status"):
            heal(home, published)
    except (HeldError, OSError):
        # Whoever holds the versions does it, or the disk is full or read-only: looking must work all the same.
        return
