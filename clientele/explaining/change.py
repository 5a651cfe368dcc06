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


@dataclass(frozen=True)
class Characteristic:
    """What one characteristic gave: the value that was used, its bin, and the points against the stored reference.

    `words` name it. Those of one `moves_with` change together, as arrears do that are cleared.
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
    """The band of every score: `pds` has the pd of each, `bands` pd_from and pd_to."""
    return {
        row["score"]: next(band["band"] for band in bands if band["pd_from"] <= row["pd"] < band["pd_to"])
        for row in pds
    }


def smallest_change(
    score: int, characteristics: Sequence[Characteristic], band_of: dict[int, str], order: Sequence[str]
) -> Change | None:
    """The fewest things a customer can change, and of those the fewest bins, by which a better band is reached.

    Of the best band: by which it is lost. None where no MOST_CHANGED things do it. `order` has the best band first.
    """
    now = order.index(band_of[score])
    is_wanted = (lambda at: at < now) if now else (lambda at: at > now)
    things = [list(_moves(thing, up=bool(now))) for thing in _together(characteristics)]
    for many in range(1, MOST_CHANGED + 1):
        best: tuple[tuple[int, int], Change] | None = None
        for chosen in itertools.combinations(things, many):
            for moves in itertools.product(*chosen):
                steps = tuple(step for of_thing, _ in moves for step in of_thing)
                reached = score + sum(gained for *_, gained in steps)
                if reached in band_of and is_wanted(order.index(band_of[reached])):
                    size = (sum(bins for _, bins in moves), abs(reached - score))
                    if best is None or size < best[0]:
                        best = (size, Change(steps, reached, band_of[reached]))
        if best:
            return best[1]
    return None


def _together(characteristics: Sequence[Characteristic]) -> Iterator[list[Characteristic]]:
    """What changes as one thing: those that move together, each other one by itself."""
    things: dict[str, list[Characteristic]] = {}
    for one in characteristics:
        if one.can_change != NEVER:
            things.setdefault(one.moves_with or f"{one.name} alone", []).append(one)
    yield from things.values()


def _moves(thing: Sequence[Characteristic], *, up: bool) -> Iterator[tuple[tuple[Step, ...], int]]:
    """Ways to change one thing: so many bins each towards the most points (or the fewest), with how many that are.

    What is put right at once, as arrears, is not put right by halves.
    """
    paths = [_path(one, up=up) for one in thing]
    longest = max(map(len, paths))
    at_once = up and any(one.can_change == AT_ONCE for one in thing)
    for far in range(longest if at_once else 1, longest + 1):
        if not far:
            return
        moved = [path[min(far, len(path)) - 1] if path else None for path in paths]
        if _can_be(thing, moved):
            steps = tuple(
                (one.words, one.label, row["label"], row["points"] - one.points)
                for one, row in zip(thing, moved, strict=True)
                if row
            )
            yield steps, sum(min(far, len(path)) for path in paths)


def _path(one: Characteristic, *, up: bool) -> list[Row]:
    """The bins that give more points (or fewer), from the next to the one that gives most; none of what is missing."""
    if one.bin < 0:
        return []
    sign = 1 if up else -1
    gaining = [row for row in one.bins if row["bin"] >= 0 and sign * (row["points"] - one.points) > 0]
    if not gaining:
        return []
    target = max(gaining, key=lambda row: (sign * row["points"], -abs(row["bin"] - one.bin)))["bin"]
    between = range(min(one.bin, target), max(one.bin, target) + 1)
    return sorted((row for row in gaining if row["bin"] in between), key=lambda row: abs(row["bin"] - one.bin))


def _can_be(thing: Sequence[Characteristic], moved: Sequence[Row | None]) -> bool:
    """Whether longer windows hold what shorter ones do: days past due are at most the most of 90 days."""
    held = [
        (*_measure(one.name), row or next(row for row in one.bins if row["bin"] == one.bin))
        for one, row in zip(thing, moved, strict=True)
    ]
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
