"""BG/NBD against its own simulation, its closed form, and the histories on which closed forms break."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import hyp2f1

from clientele.ml import bg_nbd
from clientele.ml.artifacts import pack, sha256, unpack
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.histories import Histories
from tests.unit.ml import drawn
from tests.unit.ml.drawn import EXTREME

TRUE = {"r": 0.5, "alpha": 30.0, "a": 0.8, "b": 2.5}


def of(**parameters: float) -> BgNbd:
    return BgNbd(**parameters, log_likelihood=0, standard_errors={}, converged=True, has_dropout=True, message="",
                 n_iterations=1)  # fmt: skip


@pytest.fixture(scope="module")
def company() -> drawn.Drawn:
    return drawn.bg_nbd(30_000, **TRUE)


@pytest.fixture(scope="module")
def fitted(company: drawn.Drawn) -> BgNbd:
    return BgNbd.fit(company.histories)


@pytest.mark.parametrize("name", TRUE)
def test_the_truth_lies_within_three_standard_errors(fitted: BgNbd, name: str) -> None:
    assert fitted.converged
    assert fitted.has_dropout
    assert abs(getattr(fitted, name) - TRUE[name]) < 3 * fitted.standard_errors[name] < 0.5 * TRUE[name]


def test_the_gradient_is_the_slope() -> None:
    cells = drawn.bg_nbd(300, **TRUE).histories.in_units_of(100)
    at = np.array([0.4, 0.7, 0.9, 2.0])
    likelihood = bg_nbd.LogLikelihood(cells)
    assert likelihood(at)[1] == pytest.approx(approx_fprime(at, lambda p: likelihood(p)[0], 1e-7), rel=1e-4)


def test_a_polished_fit_is_the_fit(company: drawn.Drawn, fitted: BgNbd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above so many cells the fit starts from rounded times; it must end at the same maximum."""
    monkeypatch.setattr(bg_nbd, "MANY", 100)
    polished = BgNbd.fit(company.histories)
    assert polished.log_likelihood == pytest.approx(fitted.log_likelihood, abs=1e-4)
    assert [polished.r, polished.alpha, polished.a, polished.b] == pytest.approx(
        [fitted.r, fitted.alpha, fitted.a, fitted.b], rel=1e-4
    )


def test_weights_are_repetitions() -> None:
    once = drawn.bg_nbd(500, **TRUE).histories
    weight = np.arange(500) % 3 + 1
    repeated = once[np.repeat(np.arange(500), weight)]
    weighted, many = BgNbd.fit(Histories(once.x, once.t_x, once.age, weight)), BgNbd.fit(repeated)
    assert weighted.standard_errors == pytest.approx(many.standard_errors, rel=1e-6)
    assert (weighted.log_likelihood, weighted.a) == pytest.approx((many.log_likelihood, many.a), rel=1e-9)


def test_the_unit_of_time_changes_only_alpha(company: drawn.Drawn, fitted: BgNbd) -> None:
    weekly = BgNbd.fit(company.histories.in_units_of(7))
    assert [weekly.r, weekly.alpha * 7, weekly.a, weekly.b] == pytest.approx(
        [fitted.r, fitted.alpha, fitted.a, fitted.b], rel=1e-6
    )


def test_groups_buy_as_often_as_expected(company: drawn.Drawn, fitted: BgNbd) -> None:
    expected = fitted.expected_purchases(company.histories, 90)
    for x in range(5):
        group = company.histories.x == x
        error = company.later[group].std() / np.sqrt(group.sum())
        assert abs(expected[group].mean() - company.later[group].mean()) < 3.5 * error, x


def test_groups_buy_nothing_as_often_as_expected(company: drawn.Drawn, fitted: BgNbd) -> None:
    probability = fitted.probability_of_no_purchase(company.histories, 90)
    by_recency = company.histories.t_x / company.histories.age
    for low, high in ((0, 0.01), (0.01, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1)):
        group = (by_recency >= low) & (by_recency < high)
        share, error = (company.later[group] == 0).mean(), 0.5 / np.sqrt(group.sum())
        assert abs(probability[group].mean() - share) < 3 * error, (low, high)


def test_new_customers_buy_as_often_as_expected(fitted: BgNbd) -> None:
    """Until a day that all have reached."""
    company = drawn.bg_nbd(200_000, **TRUE, ahead=0)
    old = company.histories[company.histories.age > 330]
    assert fitted.expected_total(np.array([347.0]))[0] == pytest.approx(old.x.mean(), rel=0.06)
    assert (np.diff(fitted.expected_total(np.arange(0, 400, 30.0))) > 0).all()


def test_expectation_is_the_papers() -> None:
    """Equation 10 with its 2F1, where that is well behaved."""
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426
    histories = drawn.bg_nbd(200, **TRUE).histories.in_units_of(7)
    x, t_x, age, t = histories.x, histories.t_x, histories.age, 39
    series = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
    expected = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * series)
    expected /= 1 + (x > 0) * a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    assert of(r=r, alpha=alpha, a=a, b=b).expected_purchases(histories, t) == pytest.approx(expected, rel=1e-8)


def test_expectation_has_no_pole_at_one() -> None:
    around = [of(r=0.5, alpha=30, a=a, b=2).expected_purchases(EXTREME[:5], 365) for a in (0.9999, 1.0, 1.0001)]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        TRUE,
        {"r": 0.01, "alpha": 0.1, "a": 0.001, "b": 0.01},
        {"r": 50, "alpha": 5_000, "a": 200, "b": 3_000},
        {"r": 1, "alpha": 1, "a": 1e-6, "b": 1e6},
    ],
)
def test_everything_is_finite_at_the_extremes(parameters: dict[str, float]) -> None:
    model = of(**parameters)
    for t in (1, 90, 365, 3_650):
        expected, none = model.expected_purchases(EXTREME, t), model.probability_of_no_purchase(EXTREME, t)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
        assert ((none >= 0) & (none <= 1)).all()
        assert (expected <= (model.r + EXTREME.x) / (model.alpha + EXTREME.age) * t * (1 + 1e-9)).all()
    alive = model.p_alive(EXTREME)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (alive[EXTREME.x == 0] == 1).all()
    assert np.isfinite(bg_nbd.LogLikelihood(EXTREME)(np.array(list(parameters.values())))[0])


def test_a_fit_with_extreme_customers_converges() -> None:
    company = drawn.bg_nbd(2_000, **TRUE).histories
    both = [np.append(getattr(company, name), getattr(EXTREME, name)) for name in ("x", "t_x", "age")]
    fitted = BgNbd.fit(Histories(*both))
    assert fitted.converged
    assert np.isfinite(fitted.expected_purchases(EXTREME, 365)).all()


def test_no_dropout_is_a_valid_result() -> None:
    company = drawn.nbd(5_000, r=0.8, alpha=60)
    fitted = BgNbd.fit(company.histories)
    assert (fitted.converged, fitted.has_dropout, fitted.a) == (True, False, 0.0)
    assert "no dropout" in fitted.message
    assert abs(fitted.r - 0.8) < 3 * fitted.standard_errors["r"]
    assert (fitted.p_alive(company.histories) == 1).all()
    expected = fitted.expected_purchases(company.histories, 90)
    assert expected == pytest.approx(
        (fitted.r + company.histories.x) / (fitted.alpha + company.histories.age) * 90, rel=1e-9
    )
    assert expected.sum() == pytest.approx(company.later.sum(), rel=0.05)
    assert np.isfinite(fitted.expected_purchases(EXTREME, 365)).all()


@pytest.mark.parametrize(
    ("histories", "says"),
    [
        (Histories(np.zeros(500), np.zeros(500), np.linspace(1, 365, 500)), "pooled rate: 0 repeat buyers"),
        (Histories(np.array([3.0]), np.array([50.0]), np.array([100.0])), "pooled rate: 1 repeat buyers"),
        (Histories(np.zeros(1), np.zeros(1), np.zeros(1)), "rate 0, as no time was watched"),
        (Histories(np.empty(0), np.empty(0), np.empty(0)), "rate 0, as no time was watched"),
    ],
    ids=["all bought once", "one customer", "one customer of today", "nobody"],
)
def test_too_little_to_fit_is_said(histories: Histories, says: str) -> None:
    fitted = BgNbd.fit(histories)
    assert not fitted.converged
    assert fitted.message.startswith(says)
    assert np.isfinite(fitted.expected_purchases(EXTREME, 365)).all()
    assert (fitted.probability_of_no_purchase(EXTREME, 90) <= 1).all()


def test_without_repeat_purchases_hardly_any_are_expected() -> None:
    fitted = BgNbd.fit(Histories(np.zeros(500), np.zeros(500), np.full(500, 365.0)))
    expected = fitted.expected_purchases(Histories(np.zeros(1), np.zeros(1), np.full(1, 365.0)), 365)
    assert expected == pytest.approx(0.5 / 500, rel=0.01)


def test_no_convergence_gives_moments(company: drawn.Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clientele.ml.likelihood.FURTHEST", np.nan)
    fitted = BgNbd.fit(company.histories)
    assert not fitted.converged
    assert fitted.message.startswith("NBD by moments: no convergence")
    assert np.isfinite(fitted.expected_purchases(company.histories, 90)).all()


def test_it_survives_being_stored(fitted: BgNbd) -> None:
    artifact = pack(fitted.to_state())
    assert BgNbd.from_state(unpack(artifact, sha256(artifact))) == fitted


@pytest.mark.parametrize(
    "histories", [{"x": [-1], "t_x": [0], "age": [1]}, {"x": [1], "t_x": [2], "age": [1]},
                  {"x": [1], "t_x": [np.nan], "age": [1]}, {"x": [1, 2], "t_x": [0], "age": [1]}],
)  # fmt: skip
def test_impossible_histories_are_refused(histories: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="t_x|arrays|negative"):
        Histories(**{name: np.array(value, dtype=float) for name, value in histories.items()})
