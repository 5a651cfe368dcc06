"""Pareto/NBD against its own simulation, its closed form, and the histories on which closed forms break."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import gammaln, hyp2f1

from clientele.ml import pareto_nbd
from clientele.ml.artifacts import pack, sha256, unpack
from clientele.ml.histories import Histories
from clientele.ml.pareto_nbd import ParetoNbd
from tests.unit.ml import drawn
from tests.unit.ml.drawn import EXTREME

TRUE = {"r": 0.6, "alpha": 40.0, "s": 0.8, "beta": 100.0}


def of(**parameters: float) -> ParetoNbd:
    return ParetoNbd(**parameters, log_likelihood=0, standard_errors={}, converged=True, has_dropout=True, message="",
                     n_iterations=1)  # fmt: skip


@pytest.fixture(scope="module")
def company() -> drawn.Drawn:
    return drawn.pareto_nbd(20_000, **TRUE)


@pytest.fixture(scope="module")
def fitted(company: drawn.Drawn) -> ParetoNbd:
    return ParetoNbd.fit(company.histories)


@pytest.mark.parametrize("name", TRUE)
def test_the_truth_lies_within_three_standard_errors(fitted: ParetoNbd, name: str) -> None:
    assert fitted.converged
    assert fitted.has_dropout
    assert abs(getattr(fitted, name) - TRUE[name]) < 3 * fitted.standard_errors[name] < 0.8 * TRUE[name]


def published(histories: Histories, r: float, alpha: float, s: float, beta: float) -> float:
    """The note's equations 17 to 20 for alpha >= beta, term by term."""
    x, t_x, age = histories.x, histories.t_x, histories.age
    n = r + s + x

    def series(at: np.ndarray) -> np.ndarray:
        return hyp2f1(n, s + 1, n + 1, (alpha - beta) / (alpha + at)) / (alpha + at) ** n

    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    second = 1 / ((alpha + age) ** (r + x) * (beta + age) ** s) + s / n * (series(t_x) - series(age))
    return float((first + np.log(second)).sum())


def test_the_likelihood_is_the_published_one() -> None:
    cells = drawn.pareto_nbd(500, **TRUE).histories.in_units_of(7)
    parameters = (0.553, 12.0, 0.606, 11.669)
    assert pareto_nbd.log_likelihood(cells, np.array(parameters))[0] == pytest.approx(
        published(cells, *parameters), rel=1e-10
    )


@pytest.mark.parametrize("at", [(0.5, 0.4, 0.7, 0.9), (3.0, 0.001, 2.0, 50.0), (0.05, 20.0, 5.0, 0.01)])
def test_the_gradient_is_the_slope(at: tuple[float, ...]) -> None:
    cells = drawn.pareto_nbd(300, **TRUE).histories.in_units_of(100)
    slope = approx_fprime(np.array(at), lambda p: pareto_nbd.log_likelihood(cells, p)[0], 1e-7)
    assert pareto_nbd.log_likelihood(cells, np.array(at))[1] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_weights_are_repetitions() -> None:
    once = drawn.pareto_nbd(500, **TRUE).histories
    weight = np.arange(500) % 3 + 1
    weighted = ParetoNbd.fit(Histories(once.x, once.t_x, once.age, weight))
    many = ParetoNbd.fit(once[np.repeat(np.arange(500), weight)])
    assert (weighted.log_likelihood, weighted.s) == pytest.approx((many.log_likelihood, many.s), rel=1e-9)


def test_groups_buy_as_often_as_expected(company: drawn.Drawn, fitted: ParetoNbd) -> None:
    expected = fitted.expected_purchases(company.histories, 90)
    for x in range(5):
        group = company.histories.x == x
        error = company.later[group].std() / np.sqrt(group.sum())
        assert abs(expected[group].mean() - company.later[group].mean()) < 3.5 * error, x


def test_groups_buy_nothing_as_often_as_expected(company: drawn.Drawn, fitted: ParetoNbd) -> None:
    probability = fitted.probability_of_no_purchase(company.histories, 90)
    by_recency = company.histories.t_x / company.histories.age
    for low, high in ((0, 0.01), (0.01, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1)):
        group = (by_recency >= low) & (by_recency < high)
        share, error = (company.later[group] == 0).mean(), 0.5 / np.sqrt(group.sum())
        assert abs(probability[group].mean() - share) < 3 * error, (low, high)


def test_new_customers_buy_as_often_as_expected(fitted: ParetoNbd) -> None:
    company = drawn.pareto_nbd(200_000, **TRUE, ahead=0)
    old = company.histories[company.histories.age > 330]
    assert fitted.expected_total(np.array([347.0]))[0] == pytest.approx(old.x.mean(), rel=0.06)


def test_expectation_has_no_pole_at_one() -> None:
    around = [of(r=0.5, alpha=30, s=s, beta=20).expected_purchases(EXTREME, 365) for s in (0.9999, 1.0, 1.0001)]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        TRUE,
        {"r": 0.01, "alpha": 0.1, "s": 0.001, "beta": 0.01},
        {"r": 50, "alpha": 5_000, "s": 200, "beta": 30_000},
        {"r": 1, "alpha": 1, "s": 1e-6, "beta": 1e6},
        {"r": 0.5, "alpha": 3_000, "s": 3, "beta": 0.01},
    ],
)
def test_everything_is_finite_at_the_extremes(parameters: dict[str, float]) -> None:
    model = of(**parameters)
    for t in (1, 90, 365, 3_650):
        expected, none = model.expected_purchases(EXTREME, t), model.probability_of_no_purchase(EXTREME, t)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
        assert ((none >= 0) & (none <= 1)).all()
    alive = model.p_alive(EXTREME)
    assert ((alive >= 0) & (alive <= 1)).all()
    value, slope = pareto_nbd.log_likelihood(EXTREME, np.array(list(parameters.values())))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


def test_no_dropout_is_a_valid_result() -> None:
    company = drawn.nbd(5_000, r=0.8, alpha=60)
    fitted = ParetoNbd.fit(company.histories)
    assert (fitted.converged, fitted.has_dropout, fitted.s) == (True, False, 0.0)
    assert (fitted.p_alive(company.histories) == 1).all()
    assert fitted.expected_purchases(company.histories, 90).sum() == pytest.approx(company.later.sum(), rel=0.05)
    assert fitted.probability_of_no_purchase(company.histories, 90).mean() == pytest.approx(
        (company.later == 0).mean(), abs=0.02
    )


@pytest.mark.parametrize(
    ("histories", "says"),
    [
        (Histories(np.zeros(500), np.zeros(500), np.linspace(1, 365, 500)), "pooled rate: 0 repeat buyers"),
        (Histories(np.zeros(1), np.zeros(1), np.zeros(1)), "rate 0, as no time was watched"),
        (Histories(np.empty(0), np.empty(0), np.empty(0)), "rate 0, as no time was watched"),
    ],
    ids=["all bought once", "one customer of today", "nobody"],
)
def test_too_little_to_fit_is_said(histories: Histories, says: str) -> None:
    fitted = ParetoNbd.fit(histories)
    assert not fitted.converged
    assert fitted.message.startswith(says)
    assert np.isfinite(fitted.expected_purchases(EXTREME, 365)).all()
    assert (fitted.probability_of_no_purchase(EXTREME, 90) <= 1).all()


def test_it_survives_being_stored(fitted: ParetoNbd) -> None:
    artifact = pack(fitted.to_state())
    assert ParetoNbd.from_state(unpack(artifact, sha256(artifact))) == fitted
