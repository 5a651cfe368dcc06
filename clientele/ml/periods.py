"""Which snapshots a model learns from, is calibrated on and is measured on: always in this order of time.

A label needs `horizon` days after its snapshot, so each step lies at least that far behind the next: at the snapshot
that is measured, the outcomes the model learnt from were known.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

MOST_BACKTESTS = 3
OUT_OF_TIME = "out of time"
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Period:
    """Snapshots to learn from, to calibrate on and, in a backtest, to measure on.

    Where two of them are the same snapshots, there was no more history, and their customers are kept apart instead.
    """

    learn: tuple[date, ...]
    calibrate: tuple[date, ...]
    test: tuple[date, ...]

    @property
    def protocol(self) -> str:
        """How honest the measurement is, in words."""
        if self.test == self.calibrate:
            return "other customers, same time"
        return OUT_OF_TIME if self.learn != self.calibrate else f"{OUT_OF_TIME}, calibrated on other customers"


def backtests(snapshots: Sequence[date], horizon: int, most: int = MOST_BACKTESTS) -> list[Period]:
    """Periods to measure on, the latest first and a horizon apart, from snapshots whose labels are known."""
    known, step, periods = sorted(snapshots), timedelta(days=horizon), list[Period]()
    for test in reversed(known):
        if len(periods) == most:
            break
        if periods and test > periods[-1].test[0] - step:
            continue
        before = [day for day in known if day <= test - step]
        period = _of(before, (test,), step) if before else None
        if period and (not periods or period.protocol == periods[0].protocol):
            periods.append(period)
    if not periods and known:
        periods.append(Period(tuple(known), tuple(known), tuple(known)))
    return periods


def recalibrations(snapshots: Sequence[date], horizon: int, learn: tuple[date, ...]) -> list[Period]:
    """Every later snapshot that a model which learnt from `learn` can be calibrated on, with the one to measure on.

    Their windows overlap: they tell how far a level moves from a calibration to its use, at the cost of one fit.
    """
    step, known = timedelta(days=horizon), sorted(snapshots)
    pairs = []
    for test in known:
        before = [day for day in known if max(learn) + step <= day <= test - step]
        if before:
            pairs.append(Period(learn, (before[-1],), (test,)))
    return pairs


def shipped(snapshots: Sequence[date], horizon: int) -> Period:
    """What a model that is put to use learns from: the same recipe, one horizon later, with nothing left to test on."""
    return _of(sorted(snapshots), (), timedelta(days=horizon))


def _of(known: list[date], test: tuple[date, ...], step: timedelta) -> Period:
    calibrate = known[-1]
    learn = tuple(day for day in known if day <= calibrate - step)
    return Period(learn or (calibrate,), (calibrate,), test)


def masks(period: Period, snapshot_dates: npt.NDArray[np.datetime64], fold: npt.NDArray[np.int64]) -> tuple[Mask, ...]:
    """Rows to learn from, calibrate on and test on; `fold` (0 to 5, by customer) keeps apart what time does not."""
    learn, calibrate, test = (
        np.isin(snapshot_dates, np.array(days, dtype="datetime64[D]"))
        for days in (period.learn, period.calibrate, period.test)
    )
    if period.test == period.calibrate and period.test:
        return learn & (fold < 3), calibrate & (fold == 3), test & (fold > 3)
    if period.learn == period.calibrate:
        return learn & (fold < 4), calibrate & (fold >= 4), test
    return learn, calibrate, test


def fold_of(customer_ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number from 0 to 5 drawn by the customer's id, the same in every run."""
    return np.array([zlib.crc32(str(id_).encode()) % 6 for id_ in customer_ids], dtype=np.int64)
