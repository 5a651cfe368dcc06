"""Let readers see an earlier version again. Imports little, as it must be quick."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from clientele.locks import holding
from clientele.publishing.errors import PublishingError
from clientele.publishing.history import heal
from clientele.publishing.versions import Published


def rollback(home: Path, version: str | None = None) -> dict[str, Any]:
    """Let readers see an earlier version: the one before the current, unless given. Returns its manifest.

    Waits for no run. Raises PublishingError where there is no such version.
    """
    published = Published(home)
    if published.current() is None:
        raise PublishingError(
            f"{published.root} holds no publication to return to: `clientele publish` makes the first"
        )
    with holding(published.lock, "a rollback", wait=True):
        # A disk that is full, or a version that is damaged, keeps nobody from returning: what could not be written is
        # healed later.
        with suppress(OSError, duckdb.Error, PublishingError):
            heal(home, published)
        target = _checked(published, version)
        if target != (current := published.current()):
            published.leave(str(current))
            published.switch_to(target)
        with suppress(OSError, duckdb.Error, PublishingError):
            heal(home, published)
        return published.manifest(target)


def _checked(published: Published, version: str | None) -> str:
    current, kept = str(published.current()), published.versions()
    target = version or published.before(current)
    if target is None:
        raise PublishingError(f"{current} is the only version that is kept: there is none before it")
    if target not in kept:
        raise PublishingError(f"version {target} is not kept: there are {', '.join(kept)}")
    return target
