"""Which snapshots a model learns from, is calibrated on and is measured on.

A label needs `horizon` days after its snapshot, so what is learnt from lies at least that far behind what is measured:
at the snapshot that is measured, all those outcomes were known. A model learns from every one of them, up to the newest
snapshot, on which it is calibrated by models that did not know the customers: a model that left out the newest would be
a whole horizon older than it has to be.
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
    """Snapshots to learn from, the one to calibrate on and, in a backtest, the one to measure on.

    Where there is no history before the test, it is the same snapshots with other customers.
    """

    learn: tuple[date, ...]
    calibrate: tuple[date, ...]
    test: tuple[date, ...]
    horizon: int

    @property
    def protocol(self) -> str:
        """How honest the measurement is, in words."""
        return "other customers, same time" if self.test == self.learn else OUT_OF_TIME


def backtests(snapshots: Sequence[date], horizon: int, most: int = MOST_BACKTESTS) -> list[Period]:
    """Periods to measure on, the latest first and a horizon apart, from snapshots whose labels are known."""
    known, step, periods = sorted(snapshots), timedelta(days=horizon), list[Period]()
    for test in reversed(known):
        if len(periods) == most:
            break
        if periods and test > periods[-1].test[0] - step:
            continue
        before = tuple(day for day in known if day <= test - step)
        if before:
            periods.append(Period(before, before[-1:], (test,), horizon))
    if not periods and known:
        periods.append(Period(tuple(known), (known[-1],), tuple(known), horizon))
    return periods


def recalibrations(snapshots: Sequence[date], period: Period) -> list[Period]:
    """Snapshots to calibrate a model on that learnt up to a horizon before a period's newest, each with its test.

    Their windows overlap: they tell how far a level moves from a calibration to its use, at the cost of one fit.
    """
    step, known = timedelta(days=period.horizon), sorted(snapshots)
    learn, pairs = tuple(day for day in period.learn if day <= period.learn[-1] - step), []
    for test in known:
        before = [day for day in known if learn and learn[-1] + step <= day <= test - step]
        if before:
            pairs.append(Period(learn, (before[-1],), (test,), period.horizon))
    return pairs


def shipped(snapshots: Sequence[date], horizon: int) -> Period:
    """What a model that is put to use learns from: the same recipe, one horizon later, with nothing left to test on."""
    known = tuple(sorted(snapshots))
    return Period(known, known[-1:], (), horizon)


def masks(period: Period, snapshot_dates: npt.NDArray[np.datetime64], fold: npt.NDArray[np.int64]) -> tuple[Mask, ...]:
    """Rows to learn from, calibrate on and test on; `fold` (0 to 5, by customer) keeps apart what time does not."""
    learn, calibrate, test = (
        np.isin(snapshot_dates, np.array(days, dtype="datetime64[D]"))
        for days in (period.learn, period.calibrate, period.test)
    )
    if period.test == period.learn:
        return learn & (fold < 4), calibrate & (fold < 4), test & (fold >= 4)
    return learn, calibrate, test


def fold_of(customer_ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number from 0 to 5 drawn by the customer's id, the same in every run."""
    return draw_of(customer_ids) % 6


def draw_of(customer_ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number from 0 to 215 drawn likewise: three independent folds, as its digits to the base of six."""
    return np.array([zlib.crc32(str(id_).encode()) % 216 for id_ in customer_ids], dtype=np.int64)
