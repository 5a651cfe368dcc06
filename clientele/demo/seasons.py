"""Seasons and clocks: weeks of the year, days of the week, hours of the day, Berlin time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

DAY = 86_400

# Share of an average day, Monday first.
WEEKDAYS = np.array([1.05, 0.97, 0.96, 1.0, 1.08, 1.0, 0.94])

# Visits by hour of the day (local time), from midnight.
HOURS_SHOP = np.array([8, 4, 2, 1, 1, 2, 8, 18, 30, 40, 46, 48, 50, 46, 44, 44, 48, 56, 66, 78, 86, 74, 46, 22.0])
HOURS_OFFICE = np.array([0, 0, 0, 0, 0, 1, 4, 20, 60, 90, 95, 85, 50, 75, 90, 90, 80, 50, 20, 8, 4, 2, 1, 0.0])


class Season:
    """Cumulative intensity of buying over a history; turns even time into seasonal time and back.

    The average intensity over the history is 1, so a rate a year stays that rate a year.
    """

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        days = np.arange((end - start) // DAY + 1)
        epoch_day = start // DAY + days
        week = ((epoch_day % 365.2425) / 7.0).astype(int) % 53
        weekday = (epoch_day + 3) % 7
        weight = _weeks()[week] * WEEKDAYS[weekday]
        cumulative = np.concatenate([[0.0], np.cumsum(weight[:-1])])
        self._even = cumulative * (days[-1] / cumulative[-1])
        self._days = days.astype(float)

    def to_even(self, seconds: np.ndarray) -> np.ndarray:
        """Days of even time at which moments (epoch seconds) lie."""
        return np.interp((seconds - self.start) / DAY, self._days, self._even)

    def to_seconds(self, even_days: np.ndarray) -> np.ndarray:
        """Moments (epoch seconds, int64) of days of even time."""
        return self.start + (np.interp(even_days, self._even, self._days) * DAY).astype(np.int64)


def _weeks() -> np.ndarray:
    """Intensity of the 53 weeks of a year: dull summers, a peak from Black Friday to Christmas."""
    week = np.arange(53)
    level = 1.0 + 0.06 * np.cos(2 * np.pi * week / 52.0) - 0.10 * np.exp(-(((week - 30) / 4.0) ** 2))
    return level + 0.75 * np.exp(-(((week - 48) / 2.2) ** 2)) - 0.15 * np.exp(-(((week - 2) / 2.0) ** 2))


def at_hours(rng: np.random.Generator, moments: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Move moments to a likely hour of their own (UTC) day; hours are weights in Berlin time."""
    share = np.cumsum(np.roll(hours, -1))
    hour = np.searchsorted(share / share[-1], rng.random(len(moments), dtype=np.float32), side="right").clip(0, 23)
    return moments // DAY * DAY + hour * 3_600 + rng.integers(0, 3_600, len(moments))


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)  # March and October have 31 days
    return last - timedelta(days=(last.weekday() + 1) % 7)


def summer_times(first_year: int = 2000, last_year: int = 2100) -> tuple[np.ndarray, np.ndarray]:
    """Moments at which Berlin turns to summer time and back, one pair a year."""
    years = range(first_year, last_year + 1)
    return tuple(np.array([int(_last_sunday(y, m).timestamp()) for y in years]) for m in (3, 10))  # type: ignore[return-value]


SUMMER_BEGINS, SUMMER_ENDS = summer_times()


def berlin_offset(moments: np.ndarray) -> np.ndarray:
    """Seconds that the Berlin clock is ahead of UTC."""
    begun = np.searchsorted(SUMMER_BEGINS, moments, side="right")
    ended = np.searchsorted(SUMMER_ENDS, moments, side="right")
    return np.where(begun > ended, 7_200, 3_600)


def without_repeated_hour(moments: np.ndarray) -> np.ndarray:
    """Move moments of the hour that the Berlin clock shows twice to its first showing.

    Files in local time cannot tell the two apart; the mapping reads them as the earlier one.
    """
    ended = np.searchsorted(SUMMER_ENDS, moments, side="right") - 1
    repeated = (ended >= 0) & (moments - SUMMER_ENDS[np.maximum(ended, 0)] < 3_600)
    return np.where(repeated, moments - 3_600, moments)
