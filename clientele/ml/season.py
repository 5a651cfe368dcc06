"""The time of the year: how much the level of an outcome moved between the same days a year ago.

A model calibrated in summer is told of Christmas by the last one: the level of a snapshot is the log-odds by which the
model's probabilities have to be moved to meet the realised rate, and between the calibration snapshot and the day that
is scored it is taken to change as it did a year before (a seasonal naive forecast of the level). Where nothing is known
of a year ago, the level is taken to go back to the mean of past ones, of which a horizon ago counts half: not all of a
move lasts. Levels are noisy in a small company, so the change is shrunk by the share of their variance that is no
sampling noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.calibration import expit

Vector = npt.NDArray[np.float64]

YEAR = 365
TOLERANCE = 16  # days by which a snapshot may miss the day a year ago: half a month, as snapshots are monthly


@dataclass
class Season:
    """Levels in log-odds at ascending `days` (days since 1970), and the day that the calibration is of."""

    days: npt.NDArray[np.int64]
    levels: Vector
    calibrated_on: int
    horizon: int
    doubt: float = 1.0  # by which part of itself a change was missed in the past; 1 while nothing is known of that

    @classmethod
    def fit(
        cls,
        log_odds: Vector,
        y: npt.NDArray[np.bool_],
        snapshot_dates: npt.NDArray[np.datetime64],
        calibrated_on: date,
        horizon: int,
    ) -> Season:
        """From calibrated log-odds and outcomes of all snapshots whose outcomes were known at the calibration."""
        day_of = snapshot_dates.astype("datetime64[D]").astype(np.int64)
        days, levels, noise = np.unique(day_of), [], []
        for day in days:
            moved, variance = level(log_odds[day_of == day], y[day_of == day])
            levels.append(moved)
            noise.append(variance)
        spread = np.var(levels) if len(levels) > 1 else 0.0
        kept = max(0.0, 1 - np.mean(noise) / spread) if spread > 0 else 0.0
        return cls(days, np.array(levels) * kept, _day(calibrated_on), horizon)

    def knows(self, day: date) -> bool:
        """Whether there are levels of a year ago to tell the day by."""
        first, last = sorted((_day(day) - YEAR, self.calibrated_on - YEAR))
        return bool(self.days.size) and first >= self.days[0] - TOLERANCE and last <= self.days[-1]

    def shift(self, day: date) -> float:
        """Log-odds to add at a snapshot."""
        if not self.knows(day):
            weights = 0.5 ** ((self.calibrated_on - self.days) / self.horizon)
            return float(np.average(self.levels, weights=weights) - self.levels[-1])
        now, then = np.interp([_day(day) - YEAR, self.calibrated_on - YEAR], self.days, self.levels)
        return float(now - then)

    def tolerance(self, day: date) -> float:
        """Log-odds by which the shift of a day may be wrong."""
        return self.doubt * abs(self.shift(day))

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Season:
        """The season that `to_state` gave."""
        return cls(**state)


def level(log_odds: Vector, y: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The shift at which the mean probability is the rate, and its variance; half a row is lent to either outcome."""
    rate = (y.sum() + 0.5) / (len(y) + 1)
    shift = 0.0
    for _ in range(25):
        probability = expit(log_odds + shift)
        slope = (probability * (1 - probability)).mean()
        step = (rate - probability.mean()) / max(slope, 1e-9)
        shift += float(np.clip(step, -1, 1))
    return shift, 1 / max(slope * len(y), 1e-9)


def doubt_of(shifts: list[float], missed: list[float]) -> float:
    """How large misses were beside the changes themselves, 0 to 1: root mean squares of past days.

    `shifts` were foretold, `missed` is what the level needed on top of them. One change of their mean size that was
    missed in full is lent to them: a few months that share outcomes do not prove that seasons come back exactly.
    """
    if not shifts:
        return 1.0
    misses = np.asarray(missed)
    change, miss = np.mean((np.asarray(shifts) + misses) ** 2), np.mean(misses**2)
    lent = 1 / (len(shifts) + 1)
    return float(np.sqrt(min(1.0, (1 - lent) * miss / change + lent))) if change > 0 else 1.0


def _day(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))
