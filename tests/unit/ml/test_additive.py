"""Boosting without interactions and logistic regression: sums of one term a feature."""

import itertools
import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from clientele.ml.blend import AdditiveBlend
from clientele.ml.boosting import AdditiveBoosting, BoostingOptions, fit_trees
from clientele.ml.calibration import expit
from clientele.ml.feature_table import Feature
from clientele.ml.logistic import INVERSE_PENALTY, AdditiveLogistic, _columns

FEATURES = [Feature("recency_days"), Feature("n_orders"), Feature("country", ("DE", "FR"))]


def rows(n: int = 4_000, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.exponential(60, n), rng.poisson(3, n).astype(float), rng.integers(0, 3, n).astype(float)])
    x[rng.random(n) < 0.1, 0] = np.nan
    log_odds = np.nan_to_num(x[:, 0], nan=200.0) / 60 - x[:, 1] / 2 + (x[:, 2] == 1)
    return x, rng.random(n) < expit(log_odds)


@pytest.fixture(params=[AdditiveBoosting, AdditiveLogistic, AdditiveBlend], ids=["boosting", "logistic", "blend"])
def learner(request: pytest.FixtureRequest) -> type:
    return request.param


def test_terms_add_up_to_a_score_that_tells_customers_apart(learner: type) -> None:
    from sklearn.metrics import roc_auc_score

    x, y = rows()
    model = learner.fit(x, y, FEATURES)
    new, outcome = rows(seed=3)
    score = model.intercept + model.contributions(new).sum(axis=1)
    truth = np.nan_to_num(new[:, 0], nan=200.0) / 60 - new[:, 1] / 2 + (new[:, 2] == 1)
    assert roc_auc_score(outcome, score) > roc_auc_score(outcome, truth) - 0.02


def test_the_table_of_steps_says_what_the_trees_say() -> None:
    x, y = rows(1_000)
    options = BoostingOptions(iterations=50)
    model = AdditiveBoosting.fit(x, y, FEATURES, options)
    codes = model.binned(x)
    told = fit_trees(codes, y, FEATURES, options).decision_function(codes)
    assert model.intercept + model.contributions(x).sum(axis=1) == pytest.approx(told, abs=1e-9)


def test_contributions_are_shapley_values(learner: type) -> None:
    """Against the definition: every order of features, absent ones averaged over the training rows."""
    x, y = rows(300)
    model = learner.fit(x, y, FEATURES)
    background, row = x[:100], x[7]

    def value(present: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(present)] = row[list(present)]
        return float((model.intercept + model.contributions(mixed).sum(axis=1)).mean())

    expected = np.zeros(3)
    for order in itertools.permutations(range(3)):
        for place, feature in enumerate(order):
            expected[feature] += value(order[: place + 1]) - value(order[:place])
    expected /= math.factorial(3)
    centred = model.contributions(row[None, :])[0] - model.contributions(background).mean(axis=0)
    assert centred == pytest.approx(expected, abs=1e-9)


def test_contributions_are_centred_on_the_training_rows(learner: type) -> None:
    x, y = rows()
    assert learner.fit(x, y, FEATURES).contributions(x).mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_blend_is_the_mean_of_both() -> None:
    x, y = rows(500)
    both = [one.fit(x, y, FEATURES).contributions(x) for one in (AdditiveBoosting, AdditiveLogistic)]
    assert AdditiveBlend.fit(x, y, FEATURES).contributions(x) == pytest.approx((both[0] + both[1]) / 2)


def test_unseen_values_and_missing_ones_are_scored(learner: type) -> None:
    x, y = rows()
    model = learner.fit(x, y, FEATURES)
    strange = np.array([[np.nan, np.nan, np.nan], [1e9, -5.0, 2.0], [0.0, 1e6, 0.0]])
    assert np.isfinite(model.contributions(strange)).all()


def test_same_rows_same_model(learner: type) -> None:
    x, y = rows()
    one, two = (learner.fit(x, y, FEATURES).contributions(x) for _ in range(2))
    assert (one == two).all()


def test_state_gives_the_same_answers(learner: type) -> None:
    from clientele.ml import artifacts

    x, y = rows()
    model = learner.fit(x, y, FEATURES)
    packed = artifacts.pack(model.to_state())
    again = learner.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    assert (again.contributions(x) == model.contributions(x)).all()


def test_one_class_is_an_error(learner: type) -> None:
    x, y = rows(100)
    with pytest.raises(ValueError, match="one class"):
        learner.fit(x, np.zeros_like(y), FEATURES)


def test_flags_that_are_always_equal_weigh_as_if_each_were_fitted() -> None:
    """Columns missing together are fitted as one; scikit-learn on all of them says the same."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(500, 4))
    x[rng.random(500) < 0.3, 1:3] = np.nan
    y = rng.random(500) < np.where(np.isnan(x[:, 1]), 0.7, 0.3)
    fitted = AdditiveLogistic.fit(x, y, [Feature(name) for name in "abcd"])
    columns, owner = _columns(x, fitted.features, fitted.middle)
    flags = [c for c in range(len(owner)) if set(columns[:, c].tolist()) == {0.0, 1.0}]
    assert len(flags) == 2
    assert fitted.coefficients[flags[0]] == pytest.approx(fitted.coefficients[flags[1]])
    every = LogisticRegression(C=INVERSE_PENALTY, tol=1e-9).fit((columns - fitted.mean) / fitted.scale, y)
    assert fitted.coefficients == pytest.approx(every.coef_[0], abs=1e-3)
