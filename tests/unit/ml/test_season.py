"""Where the level of an outcome is taken to go from the snapshot of the calibration to the day that is scored."""

from datetime import date, timedelta

import numpy as np
import pytest

from clientele.ml.calibration import expit
from clientele.ml.season import Season

NEWEST = date(2025, 6, 1)


def season(levels: list[float], *, step: int = 90, rows: int = 20_000) -> Season:
    """Snapshots `step` days apart up to NEWEST at which rates lie by these log-odds beside the model's."""
    rng = np.random.default_rng(4)
    days = [NEWEST - timedelta(days=step * age) for age in reversed(range(len(levels)))]
    log_odds = rng.normal(0, 1, rows * len(days))
    y = rng.random(log_odds.size) < expit(log_odds + np.repeat(levels, rows))
    dates = np.repeat(np.array(days, dtype="datetime64[D]"), rows)
    return Season.fit(log_odds, y, dates, NEWEST, 90)


def test_the_level_changes_as_it_did_a_year_ago() -> None:
    levels = [0.0, 0.4, 0.0, 0.0, 0.0, 0.1]  # 450 days ago, 360, 270, ...
    shift = season(levels).shift(NEWEST + timedelta(days=90))
    assert shift == pytest.approx(-0.4, abs=0.06)


def test_without_a_year_of_history_half_of_the_newest_move_is_taken_to_last() -> None:
    told = season([0.5, 0.0])
    day = NEWEST + timedelta(days=90)
    assert not told.knows(day)
    assert told.shift(day) == pytest.approx(0.5 / 3, abs=0.04)  # weights 1/2 and 1
    assert season([0.0, 0.5]).shift(day) == pytest.approx(-0.5 / 3, abs=0.04)


def test_what_may_be_noise_moves_nothing() -> None:
    assert season([0.0, 0.0, 0.0], rows=50).shift(NEWEST + timedelta(days=90)) == pytest.approx(0, abs=0.1)
    assert season([0.3]).shift(NEWEST + timedelta(days=90)) == 0
