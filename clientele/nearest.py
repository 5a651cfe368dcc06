"""What somebody meant who wrote something else."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(written: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, of the known name that is nearest, in whatever case; empty where none is near."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(written.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""
