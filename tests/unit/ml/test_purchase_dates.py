"""Dates of the next purchase out of three probabilities."""

import numpy as np
import pytest

from clientele.ml.covariates import Covariates
from clientele.ml.log_logistic import LogLogistic
from clientele.ml.purchase_dates import as_dates, days_by, monotone

RNG = np.random.default_rng(4)
MODEL = LogLogistic(Covariates.none(), np.empty(0), 4.0, 0.9, np.zeros((2, 2)), "intercept_only", 1)


def beyond(log_days: np.ndarray):
    last = MODEL.survival(log_days, 90)
    return lambda survival: MODEL.days_at(log_days, survival * last)


def bought_by(days: np.ndarray, probability: np.ndarray, log_days: np.ndarray) -> np.ndarray:
    """The distribution, the other way round: probability of a purchase by a day."""
    hazard = np.column_stack([np.zeros(len(days)), -np.log1p(-probability)])
    before = np.array([np.interp(d, [0, 7, 30, 90], h) for d, h in zip(days, hazard, strict=True)])
    tail = (1 - probability[:, -1]) * MODEL.survival(log_days, days) / MODEL.survival(log_days, 90)
    return np.where(days <= 90, -np.expm1(-before), 1 - tail)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_quantiles_are_the_inverse_of_the_distribution(level: float) -> None:
    probability = np.sort(RNG.uniform(0.01, 0.97, (500, 3)), axis=1)
    log_days = RNG.normal(4, 2, 500)
    days = days_by(level, probability, beyond=beyond(log_days))
    known = ~np.isnan(days)
    assert known.sum() > 20
    np.testing.assert_allclose(bought_by(days[known], probability[known], log_days[known]), level)
    late = bought_by(np.full(500, 365.0), probability, log_days)[~known]
    assert (late < level).all()


def test_goes_through_the_probabilities() -> None:
    probability = np.array([[0.1, 0.5, 0.9]])
    got = [days_by(level, probability, beyond=beyond(np.array([4.0])))[0] for level in (0.1, 0.5, 0.9)]
    np.testing.assert_allclose(got, [7, 30, 90])


def test_not_expected_within_a_year() -> None:
    days = days_by(0.5, np.array([[0.0, 0.0, 0.0], [1e-4, 1e-3, 2e-3]]), beyond=beyond(np.array([12.0, 12.0])))
    assert np.isnan(days).all()


def test_sure_to_buy_at_once() -> None:
    days = days_by(0.9, np.array([[1.0, 1.0, 1.0]]), beyond=beyond(np.array([-40.0])))
    assert 0 < days[0] < 7


def test_never_earlier_at_a_higher_level() -> None:
    probability = np.sort(RNG.uniform(0, 1, (300, 3)), axis=1)
    log_days = RNG.normal(4, 2, 300)
    days = [days_by(level, probability, beyond=beyond(log_days)) for level in (0.1, 0.5, 0.9)]
    filled = np.nan_to_num(np.column_stack(days), nan=np.inf)
    assert (filled[:, 1:] >= filled[:, :-1]).all()


def test_monotone_is_the_closest_that_never_falls() -> None:
    from sklearn.isotonic import isotonic_regression

    raw = RNG.uniform(0, 1, (200, 3))
    np.testing.assert_allclose(monotone(raw), [isotonic_regression(row) for row in raw])
    np.testing.assert_allclose(monotone(np.array([[0.3, 0.1, 0.5]])), [[0.2, 0.2, 0.5]])


def test_monotone_keeps_bounds_around_what_they_enclosed() -> None:
    raw = RNG.uniform(0, 1, (200, 3))
    width = RNG.uniform(0, 0.2, (2, 200, 3))
    assert (monotone(raw - width[0]) <= monotone(raw)).all()
    assert (monotone(raw) <= monotone(raw + width[1])).all()


def test_dates_are_those_of_the_day_the_purchase_falls_on() -> None:
    snapshot = np.array(["2025-03-01"] * 3, dtype="datetime64[D]")
    dates = as_dates(snapshot, np.array([0.4, 31.0, np.nan]))
    assert [str(day) for day in dates] == ["2025-03-01", "2025-04-01", "NaT"]
