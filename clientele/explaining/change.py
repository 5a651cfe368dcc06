"""The smallest change of what was used that would move a score into another band."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_CHANGED = 3  # characteristics that are changed at once, before it is said that no small change would do

Row = dict[str, Any]


@dataclass(frozen=True)
class Characteristic:
    """What one characteristic gave: the value that was used, its bin, and the points against the stored reference."""

    name: str
    value: Any
    bin: int
    label: str
    points: int
    reference_points: int
    bins: Sequence[Row]

    @property
    def points_lost(self) -> int:
        """Points below the reference; negative where it gave more."""
        return self.reference_points - self.points


@dataclass(frozen=True)
class Change:
    """Other bins that would move the score into another band: characteristic, from, to, points gained."""

    steps: tuple[tuple[str, str, str, int], ...]
    score: int
    band: str


def smallest_change(
    score: int, characteristics: Sequence[Characteristic], pds: Sequence[Row], bands: Sequence[Row]
) -> Change | None:
    """The fewest characteristics, and of those the fewest bins, by which a better band is reached.

    Of the best band: by which it is lost. None where no MOST_CHANGED characteristics do it. `pds` has the pd of every
    score, `bands` pd_from and pd_to of each band, the best first.
    """
    band_of = {row["score"]: _band(row["pd"], bands) for row in pds}
    order = [row["band"] for row in bands]
    now = order.index(band_of[score])
    is_wanted = (lambda at: at < now) if now else (lambda at: at > now)
    for many in range(1, MOST_CHANGED + 1):
        best: tuple[tuple[int, int], Change] | None = None
        for chosen in itertools.combinations(characteristics, many):
            for steps in itertools.product(*(_other_bins(one, up=bool(now)) for one in chosen)):
                reached = score + sum(step[3] for step, _ in steps)
                if reached in band_of and is_wanted(order.index(band_of[reached])):
                    size = (sum(bins for _, bins in steps), abs(reached - score))
                    if best is None or size < best[0]:
                        best = (size, Change(tuple(step for step, _ in steps), reached, band_of[reached]))
        if best:
            return best[1]
    return None


def _other_bins(one: Characteristic, *, up: bool) -> Iterator[tuple[tuple[str, str, str, int], int]]:
    """Bins that give more points (or fewer), with how many bins away they are; what is missing cannot be chosen."""
    for row in one.bins:
        gained = row["points"] - one.points
        if row["bin"] >= 0 and (gained > 0 if up else gained < 0):
            distance = abs(row["bin"] - one.bin) if one.bin >= 0 else 1
            yield (one.name, one.label, row["label"], gained), distance


def _band(probability: float, bands: Sequence[Row]) -> str:
    return next(row["band"] for row in bands if row["pd_from"] <= probability < row["pd_to"])
