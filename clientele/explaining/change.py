"""The smallest change of what was used that would move a score into another band."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_CHANGED = 3  # things that are changed at once, before it is said that no small change would do
# How a customer can change a characteristic, as the seed credit_reason_texts has it.
NEVER, BY_DEGREES, AT_ONCE = "never", "by_degrees", "at_once"

Row = dict[str, Any]
Step = tuple[str, str, str, int]
Thing = Sequence[tuple["Characteristic", int]]  # what changes as one: which of it rises (1) where others fall (-1)


@dataclass(frozen=True)
class Characteristic:
    """What one characteristic gave: the value that was used, its bin, and the points against the stored reference.

    `words` name it. Those of one part of `moves_with` change together, as arrears do that are cleared; after a - it
    falls where the others rise. `safer_when` there is `more` or `less` of it, as far as common sense says so.
    """

    name: str
    value: Any
    bin: int
    label: str
    points: int
    reference_points: int
    bins: Sequence[Row]
    words: str
    can_change: str = BY_DEGREES
    moves_with: str | None = None
    safer_when: str | None = None

    @property
    def points_lost(self) -> int:
        """Points below the reference; negative where it gave more."""
        return self.reference_points - self.points


@dataclass(frozen=True)
class Change:
    """Other bins that would move the score into another band: characteristic in words, from, to, points gained."""

    steps: tuple[Step, ...]
    score: int
    band: str


def band_of_scores(pds: Sequence[Row], bands: Sequence[Row]) -> dict[int, str]:
    """The band of every score: `pds` has the pd of each, `bands` pd_from and pd_to. What lies in a gap has none."""
    return {row["score"]: band["band"] for row in pds for band in bands if band["pd_from"] <= row["pd"] < band["pd_to"]}


def smallest_change(
    score: int, characteristics: Sequence[Characteristic], band_of: dict[int, str], order: Sequence[str]
) -> Change | None:
    """The fewest things a customer can change, and of those the fewest bins, by which a better band is reached.

    Of the best band: by which it is lost. None where no MOST_CHANGED things do it. `order` has the best band first.
    Points that the change costs count like those that it brings: it is the score that the card would give.
    """
    now = order.index(band_of[score])
    is_wanted = (lambda at: at < now) if now else (lambda at: at > now)
    things = [list(_moves(thing, up=bool(now))) for thing in _together(characteristics)]
    for many in range(1, MOST_CHANGED + 1):
        best: tuple[tuple[int, int], Change] | None = None
        for chosen in itertools.combinations(things, many):
            for moves in itertools.product(*chosen):
                steps = tuple(step for of_thing, _ in moves for step in of_thing)
                if len({words for words, *_ in steps}) < len(steps):
                    continue  # a share of income is part of what is paid and of income: it moves once
                reached = score + sum(gained for *_, gained in steps)
                if reached in band_of and is_wanted(order.index(band_of[reached])):
                    size = (sum(bins for _, bins in moves), abs(reached - score))
                    if best is None or size < best[0]:
                        best = (size, Change(steps, reached, band_of[reached]))
        if best:
            return best[1]
    return None


def _together(characteristics: Sequence[Characteristic]) -> Iterator[Thing]:
    """What changes as one thing: those that move together, each other one by itself."""
    things: dict[str, list[tuple[Characteristic, int]]] = {}
    for one in characteristics:
        if one.can_change != NEVER:
            for part in (one.moves_with or f"{one.name} alone").split(","):
                name = part.strip()
                things.setdefault(name.removeprefix("-"), []).append((one, -1 if name.startswith("-") else 1))
    yield from things.values()


def _moves(thing: Thing, *, up: bool) -> Iterator[tuple[tuple[Step, ...], int]]:
    """Ways to change one thing that bring points (or cost some), with how many bins they pass.

    What is put right at once, as arrears, is not put right by halves.
    """
    if up and any(one.can_change == AT_ONCE for one, _ in thing):
        ways = [[_moved(one, len(one.bins) * (_safer(one) or -1)) for one, _ in thing]]
    else:
        most = max(len(_ranges(one)) for one, _ in thing)
        ways = [
            [_moved(one, far * way * sign) for one, sign in thing]
            for way in _directions(thing, up=up)
            for far in range(1, most)
        ]
    for moved in ways:
        changed = [(one, row) for (one, _), row in zip(thing, moved, strict=True) if row["bin"] != one.bin]
        steps = tuple((one.words, one.label, row["label"], row["points"] - one.points) for one, row in changed)
        gained = sum(points for *_, points in steps)
        if (gained > 0 if up else gained < 0) and _can_be(thing, moved):
            yield steps, sum(abs(row["bin"] - one.bin) for one, row in changed)


def _directions(thing: Thing, *, up: bool) -> list[int]:
    """Towards what is safer (or away from it), where common sense says what that is; else either."""
    found = {_safer(one) * sign * (1 if up else -1) for one, sign in thing} - {0}
    return sorted(found) if len(found) == 1 else [-1, 1]


def _safer(one: Characteristic) -> int:
    return {"more": 1, "less": -1}.get(one.safer_when or "", 0)


def _moved(one: Characteristic, by: int) -> Row:
    """The bin so many further, at most the last; where the value is missing or other, its own."""
    ranges = _ranges(one)
    if one.bin < 0:
        return next(row for row in one.bins if row["bin"] == one.bin)
    at = [row["bin"] for row in ranges].index(one.bin)
    return ranges[min(max(at + by, 0), len(ranges) - 1)]


def _ranges(one: Characteristic) -> list[Row]:
    return sorted((row for row in one.bins if row["bin"] >= 0), key=lambda row: int(row["bin"]))


def _can_be(thing: Thing, moved: Sequence[Row]) -> bool:
    """Whether longer windows hold what shorter ones do: days past due are at most the most of 90 days."""
    held = [(*_measure(one.name), row) for (one, _), row in zip(thing, moved, strict=True)]
    for (measure, days, short), (other, longer, long) in itertools.permutations(held, 2):
        if measure == other and days < longer:
            at_least, below = short.get("lower"), long.get("upper")
            if at_least is not None and below is not None and at_least >= below:
                return False
    return True


def _measure(name: str) -> tuple[str, int]:
    """What a characteristic measures, and over how many days: days_past_due_max_30d is days_past_due over 30."""
    window = re.search(r"_(\d+)d(?=_|$)", name)
    measure = name.replace(window[0], "") if window else name
    return measure.removesuffix("_max"), int(window[1]) if window else 0
