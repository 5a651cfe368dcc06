"""Features as columns of a linear predictor."""

import numpy as np
import pytest

from clientele.ml.covariates import MISSING, NUMBER, Covariates
from clientele.ml.feature_table import Feature

RNG = np.random.default_rng(3)
N = 600


def fit(x: np.ndarray, names: list[str], residual: np.ndarray | None = None, most: int = 60) -> Covariates:
    features = [Feature(name) for name in names]
    return Covariates.fit(x, features, x[:, 0] if residual is None else residual, most=most)


def test_columns_are_standardised_logarithms_with_gaps_filled_and_flagged() -> None:
    values = np.expm1(RNG.normal(size=N))
    values[:100] = np.nan
    made = fit(values[:, None], ["spend"], residual=np.r_[np.ones(100), RNG.normal(size=N - 100)])
    assert sorted(made.content) == [MISSING, NUMBER]
    columns = made.columns(values[:, None])
    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(columns.std(axis=0), 1)
    number = columns[:, list(made.content).index(NUMBER)]
    assert np.ptp(number[:100]) == 0
    assert np.corrcoef(number[100:], np.sign(values[100:]) * np.log1p(np.abs(values[100:])))[0, 1] == pytest.approx(1)


def test_what_others_stand_for_is_left_out() -> None:
    a, b = RNG.normal(size=N), RNG.normal(size=N)
    x = np.expm1(np.abs(np.column_stack([a, b, a * 1.0001, np.full(N, 1.0)])))
    made = fit(x, ["a", "b", "a again", "constant"], residual=np.abs(a) + 0.5 * np.abs(b))
    assert len(made.owner) == 2
    assert made.features[1].name == "b"


def test_a_whole_set_of_categories_is_never_taken() -> None:
    codes = RNG.integers(0, 3, N).astype(float)
    feature = Feature("channel", ("web", "app", "store"))
    made = Covariates.fit(codes[:, None], [feature], RNG.normal(size=N), most=10)
    assert len(made.owner) == 2
    columns = made.columns(codes[:, None])
    assert np.linalg.cond(columns.T @ columns) < 100


def test_flags_of_few_customers_are_left_out() -> None:
    codes = np.zeros(N)
    codes[:29] = 1.0
    made = Covariates.fit(codes[:, None], [Feature("channel", ("web", "app"))], codes, most=10)
    assert len(made.owner) == 0


def test_the_most_telling_come_first() -> None:
    x = np.expm1(RNG.normal(size=(N, 5)))
    logs = np.sign(x) * np.log1p(np.abs(x))
    made = fit(x, list("abcde"), residual=logs[:, 3] * 2 + logs[:, 1], most=2)
    assert {feature.name for feature in made.features} == {"b", "d"}


def test_nothing_is_carried_beyond_the_range_it_was_fitted_on() -> None:
    x = RNG.uniform(0, 10, (N, 1))
    made = fit(x, ["spend"], residual=x[:, 0] - x.mean())
    top, far = made.columns(np.array([[x.max()], [1e9]]))
    np.testing.assert_allclose(top, far)


def test_dot_is_the_product_with_the_columns() -> None:
    x = RNG.normal(size=(N, 3))
    x[::7, 1] = np.nan
    made = fit(x, list("abc"), residual=np.nansum(x, axis=1))
    coefficients = RNG.normal(size=len(made.owner))
    np.testing.assert_allclose(made.dot(x, coefficients), made.columns(x) @ coefficients, atol=1e-12)


def test_infinite_values_do_not_spoil_a_column() -> None:
    x = RNG.normal(size=(N, 1))
    made = fit(x, ["a"])
    assert np.isfinite(made.columns(np.array([[np.inf], [-np.inf], [np.nan]]))).all()
