"""Bounds of amounts: they hold what they promise, for amounts that are mostly 0."""

from __future__ import annotations

import numpy as np
import pytest

from clientele.ml.metrics import interval_coverage, tweedie_d2, tweedie_deviance
from clientele.ml.value_intervals import Intervals, IntervalsBySureness, assumed_bounds


def amounts(n: int, *, seed: int, buys: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Expected and realised amounts; who is expected to spend more buys more often."""
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.98, n) if buys is None else np.full(n, buys)
    mean = rng.gamma(3.0, 20.0, n)
    return chance * mean, np.where(rng.random(n) < chance, rng.gamma(4.0, mean / 4), 0.0)


def test_coverage_is_the_level_overall_and_in_every_tenth() -> None:
    intervals = Intervals.fit(*amounts(5_000, seed=1), level=0.9)
    predicted, realised = amounts(20_000, seed=2)
    lower, upper = intervals.bounds(predicted)
    assert 0.87 < interval_coverage(lower, upper, realised) < 0.93
    for tenth in np.array_split(np.argsort(predicted), 10):
        assert 0.84 < interval_coverage(lower[tenth], upper[tenth], realised[tenth]) < 0.99


def test_bounds_enclose_the_prediction_and_are_not_below_zero() -> None:
    predicted, realised = amounts(2_000, seed=1)
    realised[::50] = -10.0  # refunds of earlier orders
    lower, upper = Intervals.fit(predicted, realised, level=0.9).bounds(np.append(predicted, [0.0, 1e6]))
    assert (lower >= 0).all()
    assert (lower <= np.append(predicted, [0.0, 1e6])).all()
    assert (upper >= np.append(predicted, [0.0, 1e6])).all()


def test_the_lower_bound_rises_where_everyone_spends() -> None:
    sure = Intervals.fit(*amounts(3_000, seed=1, buys=1.0), level=0.9)
    predicted, realised = amounts(10_000, seed=2, buys=1.0)
    lower, upper = sure.bounds(predicted)
    assert (lower > 0).all()
    assert 0.87 < interval_coverage(lower, upper, realised) < 0.93
    seldom = Intervals.fit(*amounts(3_000, seed=1, buys=0.3), level=0.9)
    assert (seldom.bounds(predicted)[0] == 0).all()


def test_customers_who_never_spend_widen_nobodys_bounds() -> None:
    predicted, realised = amounts(4_000, seed=1)
    predicted[:1_500], realised[:1_500] = 0.5, 0.0
    intervals = Intervals.fit(predicted, realised, level=0.9)
    lower, upper = intervals.bounds(predicted)
    assert upper[:1_500] == pytest.approx(0.5)
    assert interval_coverage(lower, upper, realised) < 0.94


def often_or_seldom(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected amounts, probabilities of nothing and realised amounts: little by often, or much by seldom."""
    rng = np.random.default_rng(seed)
    nothing = np.where(rng.random(n) < 0.4, rng.uniform(0.0, 0.02, n), rng.uniform(0.4, 0.9, n))
    predicted = rng.gamma(3.0, 20.0, n)
    spent = np.where(rng.random(n) < nothing, 0.0, rng.gamma(4.0, predicted / (1 - nothing) / 4))
    return predicted, nothing, spent


def test_who_is_sure_to_buy_has_a_lower_bound_among_those_who_seldom_do() -> None:
    together = Intervals.fit(*(often_or_seldom(5_000, seed=1)[i] for i in (0, 2)), level=0.9)
    apart = IntervalsBySureness.fit(*often_or_seldom(5_000, seed=1), level=0.9)
    predicted, nothing, realised = often_or_seldom(20_000, seed=2)
    is_sure = nothing < 0.02
    assert (together.bounds(predicted)[0] == 0).all()
    lower, upper = apart.bounds(predicted, nothing)
    assert (lower[is_sure] > 0).mean() > 0.9
    assert (lower[~is_sure] == 0).mean() > 0.99
    for of in (is_sure, ~is_sure):
        assert 0.87 < interval_coverage(lower[of], upper[of], realised[of]) < 0.94
    assert (upper - lower)[is_sure].mean() < np.subtract(*together.bounds(predicted)[::-1])[is_sure].mean()


@pytest.mark.parametrize("nothing", [0.0, 0.5, 1.0])
def test_without_two_classes_there_is_one(nothing: float) -> None:
    predicted, _, realised = often_or_seldom(500, seed=1)
    of_all = np.full(500, nothing)
    by_class = IntervalsBySureness.fit(predicted, of_all, realised, level=0.9)
    assert np.array_equal(
        by_class.bounds(predicted, of_all), Intervals.fit(predicted, realised, level=0.9).bounds(predicted)
    )


def test_equal_predictions_are_one_bin() -> None:
    _, realised = amounts(1_000, seed=1)
    intervals = Intervals.fit(np.full(1_000, 7.0), realised, level=0.9)
    assert np.isfinite(intervals.bounds(np.array([0.0, 7.0, 100.0]))).all()


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="9 customers"):
        Intervals.fit(np.ones(9), np.ones(9), level=0.9)


def test_they_survive_being_stored() -> None:
    intervals, (predicted, _) = Intervals.fit(*amounts(500, seed=1), level=0.9), amounts(100, seed=2)
    assert np.array_equal(Intervals.from_state(intervals.to_state()).bounds(predicted), intervals.bounds(predicted))


def test_classes_survive_being_stored() -> None:
    predicted, nothing, realised = often_or_seldom(2_000, seed=1)
    made = IntervalsBySureness.fit(predicted, nothing, realised, level=0.9)
    assert made.sure is not None
    read = IntervalsBySureness.from_state(made.to_state())
    assert np.array_equal(read.bounds(predicted, nothing), made.bounds(predicted, nothing))


@pytest.mark.parametrize("buys", [1.0, 0.5, 0.272, 0.1])
def test_assumed_bounds_are_rather_too_wide(buys: float) -> None:
    rng = np.random.default_rng(3)
    realised = np.where(rng.random(100_000) < buys, rng.exponential(10 / buys, 100_000), 0.0)
    lower, upper = assumed_bounds(np.full(100_000, 10.0), level=0.9)
    assert interval_coverage(lower, upper, realised) >= 0.898


def test_only_the_mean_minimises_the_deviance() -> None:
    _, realised = amounts(5_000, seed=1)
    losses = [tweedie_deviance(np.full(5_000, realised.mean() * off), realised) for off in (0.8, 0.95, 1, 1.05, 1.2)]
    assert np.argmin(losses) == 2
    absolute = [np.abs(realised - realised.mean() * off).mean() for off in (0.8, 1)]
    assert absolute[0] < absolute[1]  # which is why the absolute error does not choose
    assert tweedie_d2(np.full(5_000, realised.mean()), realised) == pytest.approx(0, abs=1e-9)
    assert tweedie_d2(np.maximum(realised, 1e-9), realised) > 0.95  # a floor on predictions
