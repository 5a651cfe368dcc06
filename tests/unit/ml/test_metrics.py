"""How good a forecast was."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from clientele.ml import metrics


def aucs_of_draws(rng: np.random.Generator, n: int, positive: int, draws: int) -> np.ndarray:
    """Of scores drawn at random for `n` customers, the first `positive` of them with the outcome: by their ranks."""
    ranks = rng.random((draws, n)).argsort(axis=1).argsort(axis=1) + 1
    return (ranks[:, :positive].sum(axis=1) - positive * (positive + 1) / 2) / (positive * (n - positive))


def test_an_auc_by_chance_is_exceeded_once_in_twenty() -> None:
    rng = np.random.default_rng(5)
    periods = [(200, 12), (240, 15)]
    drawn = np.mean([aucs_of_draws(rng, n, positive, 2000) for n, positive in periods], axis=0)
    bound = metrics.auc_by_chance([{"n": n, "base_rate": positive / n} for n, positive in periods])
    assert np.mean(drawn > bound) == pytest.approx(0.05, abs=0.015)


def test_one_class_alone_has_no_auc_to_exceed() -> None:
    assert np.isnan(metrics.auc_by_chance([{"n": 30, "base_rate": 0.0}, {"n": 30, "base_rate": 0.5}]))
    assert np.isnan(metrics.auc_by_chance([]))


def shuffles(*columns: np.ndarray) -> list[list[np.ndarray]]:
    orders = [np.arange(len(columns[0])), np.arange(len(columns[0]))[::-1], np.random.default_rng(3).permutation(20)]
    return [[column[order] for column in columns] for order in orders]


# Twenty customers, four with the outcome; of the six that get 0.5 three have it.
TIED = np.repeat([0.5, 0.1, 0.0], [6, 10, 4])
CAME = np.isin(np.arange(20), [0, 1, 2, 6])


@pytest.mark.parametrize(("probability", "y"), shuffles(TIED, CAME))
def test_equal_probabilities_count_alike_wherever_they_stand(probability: np.ndarray, y: np.ndarray) -> None:
    assert metrics.lift(probability, y, share=0.1) == pytest.approx(0.5 / 0.2)
    # Each probability is the rate of those who get it, so none is off however the groups are cut.
    assert metrics.expected_calibration_error(probability, y) == pytest.approx(0)
    assert metrics.expected_calibration_error(probability, y, groups=2) == pytest.approx(0)


@pytest.mark.parametrize("y", [y for (y,) in shuffles(CAME)])
def test_one_probability_for_all_is_no_better_than_chance(y: np.ndarray) -> None:
    assert metrics.lift(np.full(20, 0.3), y, share=0.1) == pytest.approx(1)
    assert metrics.expected_calibration_error(np.full(20, 0.3), y) == pytest.approx(0.1)


def test_untied_probabilities_have_the_lift_and_the_error_of_their_groups() -> None:
    probability, y = np.array([0.9, 0.8, 0.4, 0.1]), np.array([True, True, False, False])
    assert metrics.lift(probability, y, share=0.5) == pytest.approx(2)
    assert metrics.expected_calibration_error(probability, y, groups=2) == pytest.approx((0.15 + 0.25) / 2)


@pytest.mark.parametrize("realised", [amounts for (amounts,) in shuffles(np.where(CAME, 50.0, 0.0))])
def test_one_value_for_all_orders_nobody(realised: np.ndarray) -> None:
    assert metrics.normalised_gini(np.full(20, 7.0), realised) == pytest.approx(0)
    assert metrics.normalised_gini(realised, realised) == pytest.approx(1)
    assert metrics.normalised_gini(-realised, realised) == pytest.approx(-1)


@pytest.mark.parametrize(("predicted", "realised"), shuffles(np.repeat([2.0, 1.0], 10), np.arange(20.0)[::-1]))
def test_a_gini_of_two_values_is_that_of_their_means(predicted: np.ndarray, realised: np.ndarray) -> None:
    """The upper half has 145 of 190, that is 5 / 19 more than its share; the Gini of 0 to 19 is 7 / 20."""
    assert metrics.normalised_gini(predicted, realised) == pytest.approx((5 / 19) / (7 / 20))


@pytest.mark.parametrize("digits", [1, 9])
def test_what_scikit_learn_counts_is_counted_alike(digits: int) -> None:
    rng = np.random.default_rng(8)
    probability, y = np.round(rng.beta(1, 3, 300), digits), rng.random(300) < 0.2
    measured = metrics.of_probabilities(probability, y)
    assert measured["auc"] == pytest.approx(roc_auc_score(y, probability), abs=1e-12)
    assert measured["pr_auc"] == pytest.approx(average_precision_score(y, probability), abs=1e-12)
    assert measured["brier"] == pytest.approx(brier_score_loss(y, probability), abs=1e-12)
    assert measured["log_loss"] == pytest.approx(log_loss(y, probability), abs=1e-12)
