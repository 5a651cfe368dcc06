"""The NBD of customers some of whom bought before the data began, against its own simulation and where it breaks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import gammaln

from clientele.ml.artifacts import pack, sha256, unpack
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.histories import Histories
from clientele.ml.truncated_nbd import LogLikelihood, TruncatedNbd, log_densities
from tests.unit.ml import drawn
from tests.unit.ml.drawn import EXTREME

TRUE = {"r": 0.8, "alpha": 60.0, "odds": 3.0}


@pytest.fixture(scope="module")
def company() -> drawn.Since:
    return drawn.older_than_its_data(20_000, r=TRUE["r"], alpha=TRUE["alpha"], share=0.75)


@pytest.fixture(scope="module")
def fitted(company: drawn.Since) -> TruncatedNbd:
    return TruncatedNbd.fit(company.histories, company.since)


@pytest.mark.parametrize("name", TRUE)
def test_the_truth_lies_within_three_standard_errors(fitted: TruncatedNbd, name: str) -> None:
    assert fitted.converged
    assert abs(getattr(fitted, name) - TRUE[name]) < 3 * fitted.standard_errors[name] < 0.5 * TRUE[name]


@pytest.mark.parametrize("parameters", [(0.5, 0.4, 1.0), (1e-3, 0.3, 9.0), (2.0, 3.0, 1e-3)])
def test_the_gradient_is_that_of_the_value(company: drawn.Since, parameters: tuple[float, ...]) -> None:
    of = LogLikelihood(company.histories.in_units_of(company.since))
    at = np.array(parameters)
    assert of(at)[1] == pytest.approx(approx_fprime(at, lambda p: of(p)[0], 1e-7 * at), rel=1e-3, abs=0.1)


def test_the_density_adds_up_to_one() -> None:
    """Over all numbers of purchases, all days of the first, and all times of the others behind it."""
    steps = 400
    x, age = (grid.ravel() for grid in np.meshgrid(np.arange(200.0), (np.arange(steps) + 0.5) / steps))
    of_old, of_new = log_densities(0.8, 0.3, x, age, 1.0)
    behind = x * np.log(age) - gammaln(x + 1)  # volume of the times of `x` purchases in order
    for density in (of_old, of_new):
        assert np.exp(density + behind).sum() / steps == pytest.approx(1, abs=2e-3)


def test_who_was_there_before_is_told_as_often_as_it_is_so(company: drawn.Since, fitted: TruncatedNbd) -> None:
    told = fitted.bought_before(company.histories, np.full(len(company.before), company.since))
    for part in np.array_split(np.argsort(told), 5):
        assert told[part].mean() == pytest.approx(company.before[part].mean(), abs=0.03)


def test_purchases_to_come_are_met_where_counting_from_the_first_on_record_misses_them(
    company: drawn.Since, fitted: TruncatedNbd
) -> None:
    """Of those with one purchase, the last weeks' are not so much faster than the first weeks' as they then seem."""
    since = np.full(len(company.before), company.since)
    expected, counted = fitted.expected_purchases(company.histories, since, 90), BgNbd.fit(company.histories)
    assert expected.mean() == pytest.approx(company.later.mean(), rel=0.02)
    early = (company.histories.x == 0) & (company.histories.age > 150)
    late = (company.histories.x == 0) & (company.histories.age < 50)
    for one in (early, late):
        assert expected[one].mean() == pytest.approx(company.later[one].mean(), rel=0.1)
    assert counted.expected_purchases(company.histories, 90)[late].mean() > 1.4 * company.later[late].mean()


def test_a_company_as_old_as_its_data_has_newcomers_only() -> None:
    company = drawn.older_than_its_data(3_000, r=0.8, alpha=60.0, share=0.0)
    fitted = TruncatedNbd.fit(company.histories, company.since)
    assert fitted.converged
    assert fitted.bought_before(company.histories, np.full(3_000, company.since)).mean() < 0.05


def test_few_repeat_buyers_get_a_pooled_rate() -> None:
    one = Histories(np.zeros(50), np.zeros(50), np.full(50, 30.0))
    fitted = TruncatedNbd.fit(one, 60.0)
    assert not fitted.converged
    assert "pooled rate: 0 repeat buyers" in fitted.message
    assert fitted.expected_purchases(one, np.full(50, 60.0), 90) == pytest.approx(0.5 / 1_500 * 90, rel=0.1)


def test_a_first_day_tells_nothing() -> None:
    today = Histories(np.ones(50), np.zeros(50), np.zeros(50))
    fitted = TruncatedNbd.fit(today, 0.0)
    assert not fitted.converged
    assert (fitted.expected_purchases(today, np.zeros(50), 90) == 0).all()


def test_everybody_is_expected_something_finite(fitted: TruncatedNbd) -> None:
    for since in (EXTREME.age, np.full(len(EXTREME), 3_000.0), np.maximum(EXTREME.age, 1.0)):
        expected = fitted.expected_purchases(EXTREME, since, 365)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()


def test_it_survives_being_stored(company: drawn.Since, fitted: TruncatedNbd) -> None:
    artifact = pack(fitted.to_state())
    again = TruncatedNbd.from_state(unpack(artifact, sha256(artifact)))
    since = np.full(len(company.before), company.since)
    assert np.array_equal(
        again.expected_purchases(company.histories, since, 90), fitted.expected_purchases(company.histories, since, 90)
    )


def test_units_of_time_do_not_matter(company: drawn.Since, fitted: TruncatedNbd) -> None:
    in_weeks = TruncatedNbd.fit(company.histories.in_units_of(7), company.since / 7)
    assert in_weeks.alpha * 7 == pytest.approx(fitted.alpha, rel=1e-4)
    purchases = (company.histories.x + 1).sum()
    assert in_weeks.log_likelihood == pytest.approx(fitted.log_likelihood + purchases * np.log(7))
