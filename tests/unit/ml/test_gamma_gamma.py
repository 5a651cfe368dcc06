"""Gamma-Gamma against its own simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import gamma

from clientele.ml import gamma_gamma
from clientele.ml.artifacts import pack, sha256, unpack
from clientele.ml.gamma_gamma import GammaGamma

TRUE = {"p": 6.0, "q": 4.0, "gamma": 15.0}


def draw(n: int, *, p: float, q: float, gamma: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Purchases, their mean value, and the customer's true mean."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 12, n).astype(float)
    rate = rng.gamma(q, 1 / gamma, n)
    return x, rng.gamma(p * x) / rate / x, p / rate


@pytest.fixture(scope="module")
def fitted() -> GammaGamma:
    x, z, _ = draw(20_000, **TRUE)
    return GammaGamma.fit(x, z)


@pytest.mark.parametrize("name", TRUE)
def test_the_truth_lies_within_three_standard_errors(fitted: GammaGamma, name: str) -> None:
    assert fitted.converged
    assert abs(getattr(fitted, name) - TRUE[name]) < 3 * fitted.standard_errors[name] < 0.5 * TRUE[name]


def test_the_gradient_is_the_slope() -> None:
    x, z, _ = draw(300, **TRUE)
    at = np.array([5.0, 3.0, 20.0])
    likelihood = gamma_gamma.LogLikelihood(x, z, np.ones(300))
    assert likelihood(at)[1] == pytest.approx(approx_fprime(at, lambda p: likelihood(p)[0], 1e-7), rel=1e-4)


def test_the_likelihood_is_that_of_the_paper() -> None:
    """A gamma of shape p x and rate v x for the mean, over a gamma of shape q and rate gamma for v, by quadrature."""
    p, q, rate = 2.0, 3.0, 5.0
    x, z, weight = np.array([1.0, 3.0, 3.0]), np.array([4.0, 2.0, 0.5]), np.array([1.0, 2.0, 1.0])
    by_hand = [
        quad(lambda v, x=x, z=z: gamma.pdf(z, p * x, scale=1 / (v * x)) * gamma.pdf(v, q, scale=1 / rate), 0, 50)[0]
        for x, z in zip(x, z, strict=True)
    ]
    value, _ = gamma_gamma.LogLikelihood(x, z, weight)(np.array([p, q, rate]))
    assert value == pytest.approx(weight @ np.log(by_hand), rel=1e-6)


def test_a_mean_is_drawn_to_that_of_all_as_far_as_it_should(fitted: GammaGamma) -> None:
    x, z, truth = draw(50_000, **TRUE, seed=2)
    expected = fitted.expected_spend(x, z)
    for purchases in (1, 3, 11):
        high = (x == purchases) & (z > np.quantile(z, 0.9))
        assert expected[high].mean() == pytest.approx(truth[high].mean(), rel=0.02)
        assert expected[high].mean() < z[high].mean()
    assert fitted.expected_spend(np.zeros(2), np.array([np.nan, 0])) == pytest.approx([fitted.mean_value] * 2)


def test_weights_are_repetitions() -> None:
    x, z, _ = draw(300, **TRUE)
    weight = np.arange(300) % 3 + 1
    weighted = GammaGamma.fit(x, z, weight=weight)
    many = GammaGamma.fit(np.repeat(x, weight), np.repeat(z, weight))
    assert (weighted.p, weighted.log_likelihood) == pytest.approx((many.p, many.log_likelihood), rel=1e-6)


def test_the_currency_changes_only_gamma(fitted: GammaGamma) -> None:
    x, z, _ = draw(20_000, **TRUE)
    cents = GammaGamma.fit(x, z * 100)
    assert [cents.p, cents.q, cents.gamma] == pytest.approx([fitted.p, fitted.q, fitted.gamma * 100], rel=1e-6)


def test_values_without_a_mean_are_drawn_to_a_finite_one() -> None:
    x, z, _ = draw(5_000, p=5, q=0.7, gamma=10)
    fitted = GammaGamma.fit(x, z)
    assert fitted.converged
    assert "at the bound: q" in fitted.message
    assert np.isfinite(fitted.expected_spend(np.append(0, x), np.append(np.nan, z))).all()


@pytest.mark.parametrize(
    ("x", "z"), [([], []), ([3], [20.0]), ([0] * 50, [np.nan] * 50), ([2] * 50, [10.0] * 50), ([1] * 50, [-5.0] * 50)],
    ids=["nobody", "one", "no purchases", "all the same", "nothing above 0"],
)  # fmt: skip
def test_too_little_to_fit_is_said(x: list[float], z: list[float]) -> None:
    fitted = GammaGamma.fit(np.array(x, dtype=float), np.array(z, dtype=float))
    assert not fitted.converged
    assert fitted.message.startswith("own mean of each customer")
    expected = fitted.expected_spend(np.array([0.0, 2.0]), np.array([np.nan, 30.0]))
    assert np.isfinite(expected).all()
    assert expected[1] == 30


def test_it_survives_being_stored(fitted: GammaGamma) -> None:
    artifact = pack(fitted.to_state())
    assert GammaGamma.from_state(unpack(artifact, sha256(artifact))) == fitted
