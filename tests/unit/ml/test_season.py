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


def test_where_a_year_ago_is_not_known_not_all_of_a_move_lasts() -> None:
    """The newest of two snapshots counts 1 in the mean of levels, the one a horizon before it 1/2."""
    two = [MONTHS[-1] - timedelta(days=90), MONTHS[-1]]
    for moved in (0.5, -0.5):
        found = season(rows=20_000, level=lambda day, moved=moved: moved * (day == two[1]), months=two)
        day = MONTHS[-1] + timedelta(days=90)
        assert not found.knows(day)
        assert found.shift(day) == pytest.approx(-moved / 3, abs=0.04)


def test_a_single_snapshot_tells_of_no_move() -> None:
    assert season(level=lambda _: 0.3, months=MONTHS[-1:]).shift(MONTHS[-1] + timedelta(days=90)) == 0


def test_a_season_that_was_always_missed_is_doubted_in_full() -> None:
    assert doubt_of([0.2, -0.2, 0.3], [-0.4, 0.4, -0.6]) == 1
    assert doubt_of([], []) == 1
    assert doubt_of([0.3] * 99, [0.0] * 99) == pytest.approx(0.1)


def test_the_tolerance_grows_with_the_change() -> None:
    found = season()
    found.doubt = 0.5
    day = MONTHS[-1] + timedelta(days=90)
    assert found.tolerance(day) == pytest.approx(abs(found.shift(day)) / 2)
