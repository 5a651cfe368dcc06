"""Local times to UTC as one SQL expression, without asking a time zone database for every row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

FIRST, LAST = dt.datetime(1899, 12, 1), dt.datetime(2100, 1, 1)
IMPOSSIBLE, AMBIGUOUS = "impossible", "ambiguous"


@dataclass(frozen=True)
class Segment:
    """From a local time on: the offset to UTC in seconds, or why there is none."""

    start: dt.datetime
    offset: int | str


@cache
def segments(zone: str, ambiguous: str) -> tuple[Segment, ...]:
    """The offsets of a zone over local time, 1900 to 2100.

    ``ambiguous`` is refuse, earlier or later: what holds in the hour that the clock repeats.
    """
    found = [Segment(FIRST, _offset(zone, FIRST))]
    for moment, before, after in _transitions(zone):
        if after > before:
            found.append(Segment(moment + dt.timedelta(seconds=before), IMPOSSIBLE))
            found.append(Segment(moment + dt.timedelta(seconds=after), after))
        else:
            chosen: dict[str, int | str] = {"refuse": AMBIGUOUS, "earlier": before, "later": after}
            found.append(Segment(moment + dt.timedelta(seconds=after), chosen[ambiguous]))
            found.append(Segment(moment + dt.timedelta(seconds=before), after))
    return tuple(found)


def _offset(zone: str, utc: dt.datetime) -> int:
    offset = utc.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())


def _transitions(zone: str) -> list[tuple[dt.datetime, int, int]]:
    """Moments (UTC) at which the offset changes, with the offsets before and after."""
    found = []
    step = dt.timedelta(days=14)
    moment, before = FIRST, _offset(zone, FIRST)
    while moment < LAST:
        after = _offset(zone, moment + step)
        if after != before:
            low, high = moment, moment + step
            while high - low > dt.timedelta(seconds=1):
                middle = low + (high - low) / 2
                middle = middle.replace(microsecond=0)
                if _offset(zone, middle) == before:
                    low = middle
                else:
                    high = middle
            found.append((high, before, after))
        moment, before = moment + step, after
    return found


def is_plain(zone: str) -> bool:
    """Whether local time is UTC throughout."""
    return all(segment.offset == 0 for segment in segments(zone, "refuse"))


def to_utc_sql(local: str, zone: str, ambiguous: str) -> str:
    """SQL for the UTC time of a local TIMESTAMP column; null where there is none or no single one."""
    if is_plain(zone):
        return local
    leaves = [(x.start, "null" if isinstance(x.offset, str) else str(x.offset)) for x in segments(zone, ambiguous)]
    return f"make_timestamp(epoch_us({local}) - 1000000::bigint * ({_search(local, _merged(leaves))}))"


def trouble_sql(local: str, zone: str, ambiguous: str) -> str:
    """SQL that is ``impossible`` or ``ambiguous`` for local times without a UTC time, else null."""
    if is_plain(zone):
        return "null"
    leaves = [(x.start, f"'{x.offset}'" if isinstance(x.offset, str) else "null") for x in segments(zone, ambiguous)]
    return _search(local, _merged(leaves))


def _merged(leaves: list[tuple[dt.datetime, str]]) -> list[tuple[dt.datetime, str]]:
    return [leaf for n, leaf in enumerate(leaves) if n == 0 or leaf[1] != leaves[n - 1][1]]


def _search(local: str, leaves: list[tuple[dt.datetime, str]]) -> str:
    """A CASE tree that halves the years at each level: eight comparisons a row, not four hundred.

    DuckDB plans it in time that grows with its text, so that the leaves are kept short.
    """
    if len(leaves) == 1:
        return leaves[0][1]
    half = len(leaves) // 2
    return (
        f"case when {local}<'{leaves[half][0]}' then {_search(local, leaves[:half])} "
        f"else {_search(local, leaves[half:])} end"
    )
