"""The smallest change of what was used that would move a score to where it is wanted, by steps that people can take."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clientele.explaining.units import PLAIN, Unit

MOST_CHANGED = 3  # things that are changed at once, before it is said that no small change would do
# How a customer can change a characteristic, as the seed credit_reason_texts has it.
NEVER, BY_DEGREES, AT_ONCE, BY_WAITING = "never", "by_degrees", "at_once", "by_waiting"
REACH = 0.2  # share by which income, costs and the like can be changed within some months
SOON, LATE = 180, 365  # days that a change may take: what is soon is proposed before what is not
SAVED = "balance"  # the part that rises by what is saved, and not by a share of itself
SPENDING = "spending"  # the part of which more is no advice, whatever points it brings
SHOWN = "shown"  # the part of all that is missing and could be shown
MISSING = -1

Row = dict[str, Any]
Step = tuple[str, str, str, int]
Thing = Sequence[tuple["Characteristic", int]]  # what changes as one: which of it rises (1) where others fall (-1)


@dataclass(frozen=True)
class Characteristic:
    """What one characteristic gave: the value that was used, its bin, and the points against the stored reference.

    `words` name it. Those of one part of `moves_with` change together, as arrears do that are cleared; after a - it
    falls where the others rise. `safer_when` there is `more` or `less` of it, as far as common sense says so.
    `can_be_shown` where another bank's statements would tell it, were it missing.
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
    can_be_shown: bool = False
    unit: Unit = PLAIN

    @property
    def points_lost(self) -> int:
        """Points below the reference; negative where it gave more."""
        return self.reference_points - self.points

    @property
    def row(self) -> Row:
        """The bin that it fell into."""
        return next(row for row in self.bins if row["bin"] == self.bin)


@dataclass(frozen=True)
class Act:
    """One thing that is done, the days until it shows, and what changes by it: other bins of these characteristics."""

    part: str
    days: int
    moved: tuple[tuple[Characteristic, Row], ...]

    @property
    def points(self) -> int:
        """What the score gains by it."""
        return sum(row["points"] - one.points for one, row in self.moved)


@dataclass(frozen=True)
class Change:
    """What would move a score to where it is wanted."""

    acts: tuple[Act, ...]
    score: int

    @property
    def days(self) -> int:
        """Until all of it shows."""
        return max((act.days for act in self.acts), default=0)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Characteristic in words, from, to, points gained."""
        moved = (pair for act in self.acts for pair in act.moved)
        return tuple((one.words, one.label, row["label"], row["points"] - one.points) for one, row in moved)


@dataclass(frozen=True)
class Means:
    """What the search may count on. `monthly` is what can be saved a month; nothing where that is not known.

    `waited` are days that pass in any case, in which what was leaves its window too.
    """

    monthly: float = 0.0
    without: Collection[str] = ()  # parts that something else changes already
    must: Collection[str] = ()  # parts that have to be put right, whatever points it brings
    waited: int = 0


NOTHING = Means()


def band_of_scores(pds: Sequence[Row], bands: Sequence[Row]) -> dict[int, str]:
    """The band of every score: `pds` has the pd of each, `bands` pd_from and pd_to. What lies in a gap has none."""
    return {row["score"]: band["band"] for row in pds for band in bands if band["pd_from"] <= row["pd"] < band["pd_to"]}


def smallest_change(
    score: int,
    characteristics: Sequence[Characteristic],
    band_of: dict[int, str],
    order: Sequence[str],
    means: Means = NOTHING,
) -> Change | None:
    """By which a better band is reached; of the best band, by which it is lost. `order` has the best band first."""
    now = order.index(band_of[score])
    is_wanted = (lambda at: at < now) if now else (lambda at: at > now)
    return search(
        score, characteristics, lambda at: at in band_of and is_wanted(order.index(band_of[at])), means, up=bool(now)
    )[0]


def search(
    score: int,
    characteristics: Sequence[Characteristic],
    is_wanted: Callable[[int], bool],
    means: Means = NOTHING,
    *,
    up: bool = True,
) -> tuple[Change | None, int]:
    """The fewest things a customer can change, of those the soonest, and of those the fewest bins; and the best score.

    None where no MOST_CHANGED things do it, beside those that must be: then the best score says how far they lead.
    Points that a change costs count like those that it brings: it is the score that the card would give.
    """
    parts = {part: list(_acts(part, thing, means, up=up)) for part, thing in _parts(characteristics, means).items()}
    forced = [parts.pop(part) for part in means.must if parts.get(part)]
    best_score = score
    for most_days in (SOON, LATE):
        things = [[act for act in acts if act.days <= most_days] for acts in parts.values()]
        for many in range(MOST_CHANGED + 1):
            best: tuple[tuple[int, int, int], Change] | None = None
            for chosen in itertools.combinations(things, many):
                for acts in itertools.product(*forced, *chosen):
                    moved = [pair for act in acts for pair in act.moved]
                    if len({one.name for one, _ in moved}) < len(moved):
                        continue  # a share of income is part of what is paid and of income: it moves once
                    change = Change(acts, score + sum(act.points for act in acts))
                    best_score = max(best_score, change.score)
                    if (acts or means.must) and is_wanted(change.score):
                        bins = sum(abs(row["bin"] - one.bin) for one, row in moved)
                        size = (change.days, bins, abs(change.score - score))
                        if best is None or size < best[0]:
                            best = (size, change)
            if best:
                return best[1], best_score
    return None, best_score


def _parts(characteristics: Sequence[Characteristic], means: Means) -> dict[str, Thing]:
    """What changes as one thing: those that move together, each other one by itself, and all that could be shown."""
    things: dict[str, list[tuple[Characteristic, int]]] = {}
    for one in characteristics:
        if one.bin == MISSING:
            if one.can_be_shown:
                things.setdefault(SHOWN, []).append((one, 1))
        elif one.can_change != NEVER and one.bin >= 0:
            for part in (one.moves_with or f"{one.name} alone").split(","):
                name = part.strip()
                things.setdefault(name.removeprefix("-"), []).append((one, -1 if name.startswith("-") else 1))
    return {part: thing for part, thing in things.items() if part not in means.without}


def _acts(part: str, thing: Thing, means: Means, *, up: bool) -> Iterator[Act]:
    """Ways to change one thing that bring points (or cost some)."""
    ways: Iterator[tuple[int, list[Row]]]
    if not up:
        ways = ((0, moved) for moved in _by_degrees(part, thing, None, up=False))
    elif part == SHOWN:
        ways = iter([(0, [_most_common(one) for one, _ in thing])])
    elif any(one.can_change in (AT_ONCE, BY_WAITING) for one, _ in thing):
        ways = _put_right(thing, means.waited)
    else:
        ways = ((_days(part, thing, moved, means), moved) for moved in _by_degrees(part, thing, means, up=True))
    for days, moved in ways:
        act = Act(part, days, tuple(_changed(thing, moved)))
        is_wanted = part in means.must or (act.points > 0 if up else act.points < 0)
        if is_wanted and _can_be(thing, moved):
            yield act


def _changed(thing: Thing, moved: Sequence[Row]) -> Iterator[tuple[Characteristic, Row]]:
    for (one, _), row in zip(thing, moved, strict=True):
        if row["bin"] != one.bin:
            yield one, row


def _most_common(one: Characteristic) -> Row:
    """What is usual among those of whom it is known; nobody can tell what would be shown."""
    return max(_ranges(one), key=lambda row: row.get("n") or 0, default=one.row)


def _put_right(thing: Thing, waited: int) -> Iterator[tuple[int, list[Row]]]:
    """What is wrong now is put right as a whole; what was wrong leaves its window, where nothing new comes."""
    waits = {one.name: max(0, _window(one) - _clean_days(thing)) for one, _ in thing if one.can_change == BY_WAITING}
    for days in sorted({max(waited, wait) for wait in (0, *waits.values())}):
        yield days, [_safest(one) if waits.get(one.name, 0) <= days else one.row for one, _ in thing]


def _clean_days(thing: Thing) -> int:
    """Days for which nothing was wrong: the longest window that shows nothing. None where something is wrong now."""
    if any(one.can_change == AT_ONCE and _safest(one)["bin"] != one.bin for one, _ in thing):
        return 0
    return max((_window(one) for one, _ in thing if one.can_change == BY_WAITING and _is_none(one)), default=0)


def _is_none(one: Characteristic) -> bool:
    """Whether there is none of what there should be less of."""
    upper = _number(one.value) if _number(one.value) is not None else (one.row.get("upper") or 2) - 1
    return one.safer_when == "less" and upper is not None and upper <= 0


def _by_degrees(part: str, thing: Thing, means: Means | None, *, up: bool) -> Iterator[list[Row]]:
    """Each some bins further, as far as can be reached; anything can where no means are given."""
    most = max(len(_ranges(one)) for one, _ in thing)
    for way in [-1] if part == SPENDING and up else _directions(thing, up=up):
        for far in range(1, most):
            yield [_moved(one, far * way * sign, part, means) for one, sign in thing]


def _directions(thing: Thing, *, up: bool) -> list[int]:
    """Towards what is safer (or away from it), where common sense says what that is; else either."""
    found = {_safer(one) * sign * (1 if up else -1) for one, sign in thing} - {0}
    return sorted(found) if len(found) == 1 else [-1, 1]


def _safer(one: Characteristic) -> int:
    return {"more": 1, "less": -1}.get(one.safer_when or "", 0)


def _safest(one: Characteristic) -> Row:
    return _moved(one, len(one.bins) * (_safer(one) or -1))


def _moved(one: Characteristic, by: int, part: str = "", means: Means | None = None) -> Row:
    """The bin so many further, at most the last and the last within reach; where the value is other, its own."""
    ranges = _ranges(one)
    if one.bin < 0:
        return one.row
    at = [row["bin"] for row in ranges].index(one.bin)
    to = min(max(at + by, 0), len(ranges) - 1)
    while means and to != at and not _is_within_reach(one, ranges[to], part, means):
        to += 1 if to < at else -1
    return ranges[to]


def _is_within_reach(one: Characteristic, row: Row, part: str, means: Means) -> bool:
    far = _distance(one, row)
    if far is None:
        return False
    by, from_ = far
    if part == SAVED and one.unit.is_money:
        return by <= means.monthly * SOON / 30
    return by <= REACH * abs(from_)


def _distance(one: Characteristic, row: Row) -> tuple[float, float] | None:
    """From the value to the nearest edge of a bin, and from where; where no value is kept, from the edge of its own."""
    rises = row["bin"] > one.bin
    to, edge = (row.get("lower"), one.row.get("upper")) if rises else (row.get("upper"), one.row.get("lower"))
    from_ = _number(one.value) if _number(one.value) is not None else _number(edge)
    if to is None or from_ is None:
        return None
    return abs(float(to) - from_), from_


def _days(part: str, thing: Thing, moved: Sequence[Row], means: Means) -> int:
    """Until it shows: the longest window that it changes; what has none takes half a year, and savings what they do."""
    changed = list(_changed(thing, moved))
    windows = [_window(one) or (0 if part == SAVED else SOON) for one, _ in changed]
    saved = [(_distance(one, row) or (0, 0))[0] for one, row in changed if part == SAVED and one.unit.is_money]
    months = -(-max(saved, default=0) // means.monthly) if means.monthly > 0 else 0
    return int(max([*windows, 30 * months, 30 if part == SAVED else 0]))


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if is_number else None


def _ranges(one: Characteristic) -> list[Row]:
    return sorted((row for row in one.bins if row["bin"] >= 0), key=lambda row: int(row["bin"]))


def _can_be(thing: Thing, moved: Sequence[Row]) -> bool:
    """Whether longer windows hold what shorter ones do: days past due are at most the most of 90 days."""
    pairs = zip(thing, moved, strict=True)
    held = [(*_measure(one.name), row) for (one, _), row in pairs if not one.name.endswith("_share")]
    for (measure, days, short), (other, longer, long) in itertools.permutations(held, 2):
        if measure == other and days < longer:
            at_least, below = short.get("lower"), long.get("upper")
            if at_least is not None and below is not None and at_least >= below:
                return False
    return True


def _window(one: Characteristic) -> int:
    return _measure(one.name)[1]


def _measure(name: str) -> tuple[str, int]:
    """What a characteristic measures, and over how many days: days_past_due_max_30d is days_past_due over 30."""
    window = re.search(r"_(\d+)d(?=_|$)", name)
    measure = name.replace(window[0], "") if window else name
    return measure.removesuffix("_max"), int(window[1]) if window else 0
