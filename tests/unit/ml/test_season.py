"""Where the level of an outcome is taken to go from the snapshot of the calibration to the day that is scored."""

from datetime import date, timedelta

import numpy as np
import pytest

from clientele.ml.calibration import expit
from clientele.ml.season import Season, doubt_of

MONTHS = [date(2023 + m // 12, m % 12 + 1, 1) for m in range(24)]


def year(day: date) -> float:
    """Log-odds that every year repeats."""
    return 0.5 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365)


def season(rows: int = 5_000, level=year, months: list[date] = MONTHS) -> Season:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    log_odds = rng.normal(0, 1, rows * len(months))
    dates = np.repeat(np.array(months, dtype="datetime64[D]"), rows)
    y = rng.random(len(dates)) < expit(log_odds + np.repeat([level(month) for month in months], rows))
    return Season.fit(log_odds, y, dates, months[-1], 90)


def test_the_change_of_a_year_ago_is_foretold() -> None:
    found = season()
    for days in (30, 90, 150):
        day = MONTHS[-1] + timedelta(days=days)
        assert found.shift(day) == pytest.approx(year(day) - year(MONTHS[-1]), abs=0.08)


def test_without_a_season_the_noise_of_a_small_company_is_no_season() -> None:
    found = season(rows=200, level=lambda _: 0.3)
    assert abs(found.shift(MONTHS[-1] + timedelta(days=90))) < 0.05


def test_a_season_that_was_always_missed_is_doubted_in_full() -> None:
    assert doubt_of([0.2, -0.2, 0.3], [-0.4, 0.4, -0.6]) == 1
    assert doubt_of([], []) == 1
    assert doubt_of([0.3] * 99, [0.0] * 99) == pytest.approx(0.1)


def test_the_tolerance_grows_with_the_change() -> None:
    found = season()
    found.doubt = 0.5
    day = MONTHS[-1] + timedelta(days=90)
    assert found.tolerance(day) == pytest.approx(abs(found.shift(day)) / 2)


NEWEST = date(2025, 6, 1)


def moved(levels: list[float], *, step: int = 90, rows: int = 20_000) -> Season:
    """Snapshots `step` days apart up to NEWEST at which rates lie by these log-odds beside the model's."""
    rng = np.random.default_rng(4)
    days = [NEWEST - timedelta(days=step * age) for age in reversed(range(len(levels)))]
    log_odds = rng.normal(0, 1, rows * len(days))
    y = rng.random(log_odds.size) < expit(log_odds + np.repeat(levels, rows))
    dates = np.repeat(np.array(days, dtype="datetime64[D]"), rows)
    return Season.fit(log_odds, y, dates, NEWEST, 90)


def test_without_a_year_of_history_half_of_the_newest_move_is_taken_to_last() -> None:
    told = moved([0.5, 0.0])
    day = NEWEST + timedelta(days=90)
    assert not told.knows(day)
    assert told.shift(day) == pytest.approx(0.5 / 3, abs=0.04)  # weights 1/2 and 1
    assert moved([0.0, 0.5]).shift(day) == pytest.approx(-0.5 / 3, abs=0.04)


def test_what_may_be_noise_moves_nothing() -> None:
    assert moved([0.0, 0.0, 0.0], rows=50).shift(NEWEST + timedelta(days=90)) == pytest.approx(0, abs=0.1)
    assert moved([0.3]).shift(NEWEST + timedelta(days=90)) == 0
