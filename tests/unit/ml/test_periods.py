from datetime import date, timedelta

import numpy as np
import pytest

from clientele.ml.periods import backtests, fold_of, masks, recalibrations, shipped

MONTHS = [date(2024 + m // 12, m % 12 + 1, 1) for m in range(24)]


def test_outcomes_learnt_from_were_known_when_the_test_began() -> None:
    for horizon in (30, 90, 180):
        found = backtests(MONTHS, horizon)
        assert found
        for period in found:
            assert max(period.learn) + timedelta(days=horizon) <= min(period.test)
            assert period.calibrate == (max(period.learn),)
            assert period.protocol == "out of time"


def test_a_model_that_is_calibrated_anew_knows_neither_the_calibration_nor_the_test() -> None:
    oldest, step = backtests(MONTHS, 90)[-1], timedelta(days=90)
    found = recalibrations(MONTHS, oldest)
    assert found
    for period in found:
        assert max(period.learn) + step <= min(period.calibrate)
        assert max(period.calibrate) + step <= min(period.test)
    assert recalibrations(MONTHS[:4], backtests(MONTHS[:4], 90)[-1]) == []


def test_tests_do_not_share_outcomes() -> None:
    tests = [period.test[0] for period in backtests(MONTHS, 90)]
    assert len(tests) == 3
    assert tests[0] == MONTHS[-1]
    assert all(later - earlier >= timedelta(days=90) for later, earlier in zip(tests, tests[1:], strict=False))


def test_what_is_shipped_knows_the_newest_outcomes() -> None:
    period = shipped(MONTHS, 90)
    assert period.learn == tuple(MONTHS)
    assert period.calibrate == (MONTHS[-1],)


def test_with_one_snapshot_nothing_is_called_out_of_time() -> None:
    (period,) = backtests([date(2024, 1, 1)], 90)
    assert period.protocol == "other customers, same time"
    assert backtests([], 90) == []


@pytest.mark.parametrize("days", [MONTHS, MONTHS[:2], MONTHS[:1]])
def test_no_row_that_is_measured_was_learnt_from(days: list[date]) -> None:
    customers = [f"C{n}" for n in range(300)]
    dates = np.array([day for day in days for _ in customers], dtype="datetime64[D]")
    fold = fold_of(customers * len(days))
    for period in backtests(days, 28):
        learn, calibrate, test = masks(period, dates, fold)
        assert all(mask.any() for mask in (learn, calibrate, test))
        assert not (calibrate & ~learn).any()
        assert not (learn & test).any()
