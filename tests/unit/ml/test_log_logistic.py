"""The model of a time: what it recovers of simulated customers, and what it does where there is little to learn."""

import numpy as np
import pandas as pd
import pytest
from lifelines import LogLogisticAFTFitter
from scipy.integrate import quad

from clientele.ml import artifacts
from clientele.ml.calibration import logit
from clientele.ml.covariates import Covariates
from clientele.ml.feature_table import Feature
from clientele.ml.log_logistic import AFT, FIRST_DAYS, INTERCEPT_ONLY, RATE_ONLY, LogLogistic

FEATURES = [Feature("first"), Feature("second"), Feature("noise"), Feature("channel", ("web", "store"))]


def model(*, intercept: float = 4.0, shape: float = 1.3) -> LogLogistic:
    return LogLogistic(Covariates.none(), np.empty(0), intercept, shape, np.zeros((2, 2)), INTERCEPT_ONLY, 1)


def customers(n: int, *, shape: float = 1.5, follow_up: float = 300.0, seed: int = 1):
    """Features, days and whether observed, from a known log-logistic law."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.expm1(rng.normal(size=(n, 3))), rng.integers(0, 2, n)])
    logs = np.sign(x[:, :2]) * np.log1p(np.abs(x[:, :2]))
    log_days = 4.0 + logs @ [0.6, -0.4] + 0.5 * (x[:, 3] == 1)
    days = np.exp(log_days + rng.logistic(size=n) / shape)
    censored = rng.uniform(follow_up / 4, follow_up, n)
    return x, np.minimum(days, censored), days < censored, log_days


def test_recovers_what_customers_were_simulated_with() -> None:
    x, days, observed, log_days = customers(8_000)
    fitted = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    assert fitted.algorithm == AFT
    assert fitted.shape == pytest.approx(1.5, abs=0.06)
    got = fitted.log_days(x[:, [FEATURES.index(feature) for feature in fitted.covariates.features]])
    assert np.abs(got - log_days).mean() < 0.05
    truth = 1 / (1 + (60 / np.exp(log_days)) ** 1.5)
    assert np.abs(fitted.survival(got, 60) - truth).max() < 0.05


def test_survives_as_lifelines_says() -> None:
    x, days, observed, _ = customers(2_000)
    fitted = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    z = fitted.covariates.columns(x[:, [FEATURES.index(feature) for feature in fitted.covariates.features]])
    frame = pd.DataFrame(z, columns=[f"c{c}" for c in range(z.shape[1])]).assign(days=days, observed=observed)
    theirs = LogLogisticAFTFitter(penalizer=20 / 2_000).fit(frame, "days", "observed")
    predicted = theirs.predict_survival_function(frame.head(50), times=[30.0, 180.0]).to_numpy()
    log_days = fitted.intercept + z[:50] @ fitted.coefficients
    np.testing.assert_allclose([fitted.survival(log_days, d) for d in (30.0, 180.0)], predicted, atol=1e-4)


def test_covariance_is_that_of_lifelines() -> None:
    x, days, observed, _ = customers(2_000)
    fitted = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    z = fitted.covariates.columns(x[:, [FEATURES.index(feature) for feature in fitted.covariates.features]])
    names = [f"c{c}" for c in range(z.shape[1])]
    frame = pd.DataFrame(z, columns=names).assign(days=days, observed=observed)
    theirs = LogLogisticAFTFitter(penalizer=20 / 2_000).fit(frame, "days", "observed").standard_errors_
    order = [("alpha_", name) for name in [*names, "Intercept"]] + [("beta_", "Intercept")]
    np.testing.assert_allclose(np.sqrt(np.diag(fitted.covariance)), theirs.loc[order], rtol=0.03)


def test_errors_are_as_wide_as_fits_differ() -> None:
    told, errors = [], []
    at = customers(50, seed=99)[0]
    for seed in range(30):
        x, days, observed, _ = customers(600, seed=seed)
        fitted = LogLogistic.fit(x, days, observed, FEATURES[:1], limit=365, seed=1)
        if not fitted.covariates.features:
            continue
        log_days = fitted.log_days(at[:, :1])
        told.append(logit(fitted.survival(log_days, 60.0)))
        errors.append(fitted.log_odds_errors(at[:, :1], [60.0])[:, 0])
    ratio = np.mean(errors, axis=0) / np.std(told, axis=0)
    assert 0.75 < np.median(ratio) < 1.3


def test_close_to_the_truth_where_times_follow_another_law() -> None:
    rng = np.random.default_rng(2)
    scale = np.exp(4 + 0.7 * rng.normal(size=6_000))
    days = scale * rng.weibull(1.2, 6_000)
    fitted = LogLogistic.fit(scale[:, None], np.minimum(days, 200), days < 200, FEATURES[:1], limit=365, seed=1)
    log_days = fitted.log_days(scale[:, None])
    for horizon in (30, 90, 180):
        assert np.abs(fitted.survival(log_days, horizon) - np.exp(-((horizon / scale) ** 1.2))).mean() < 0.04


def test_censoring_is_not_taken_for_the_event() -> None:
    x, days, observed, log_days = customers(8_000, follow_up=60)
    assert observed.mean() < 0.5
    fitted = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    got = fitted.log_days(x[:, [FEATURES.index(feature) for feature in fitted.covariates.features]])
    assert got.mean() == pytest.approx(log_days.mean(), abs=0.1)
    blind = LogLogistic.fit(x, days, np.ones_like(observed), FEATURES, limit=365, seed=1)
    assert blind.intercept < fitted.intercept - 0.5


def test_an_event_that_many_rows_tell_of_counts_once_for_columns() -> None:
    x, days, observed, _ = customers(2_000)
    fits = [
        LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1, events=np.arange(2_000) % n) for n in (9, 29)
    ]
    assert [fitted.algorithm for fitted in fits] == [RATE_ONLY, AFT]
    assert [len(fitted.coefficients) for fitted in fits] == [0, 2]


def test_what_happens_after_the_limit_changes_nothing() -> None:
    x, days, observed, _ = customers(2_000)
    later = np.where(days > 100, days + 1_000, days)
    fits = [LogLogistic.fit(x, d, observed, FEATURES, limit=100, seed=1) for d in (days, later)]
    assert fits[0].intercept == fits[1].intercept
    np.testing.assert_array_equal(fits[0].coefficients, fits[1].coefficients)


@pytest.mark.parametrize("shape", [0.3, 0.8, 1.0, 2.5, 8.0])
@pytest.mark.parametrize("days", [0.5, 20.0, 300.0, 1e5])
def test_restricted_mean_is_the_area_under_the_survival(shape: float, days: float) -> None:
    one = model(shape=shape)
    log_days = np.log([days])
    points = [p for p in (days / 2, days, days * 2) if p < 365]
    area, _ = quad(lambda t: one.survival(log_days, t)[0], 1e-12, 365, points=points, limit=500)
    assert one.restricted_mean(log_days, 365)[0] == pytest.approx(area, abs=0.01)


def test_restricted_mean_stays_within_its_limit() -> None:
    mean = model().restricted_mean(np.array([-50.0, 4.0, 700.0]), 365)
    assert np.isfinite(mean).all()
    assert mean[0] == pytest.approx(0, abs=1e-6)
    assert mean[2] == pytest.approx(365)


def test_days_at_is_the_inverse_of_survival() -> None:
    log_days = np.array([1.0, 4.0, 7.0])
    for survival in (0.1, 0.5, 0.9):
        days = model().days_at(log_days, survival)
        np.testing.assert_allclose(model().survival(log_days, days), survival)


def test_log_likelihood_is_that_of_the_density_and_the_survival() -> None:
    log_days, days = np.full(2, 4.0), np.array([30.0, 30.0])
    got = model().log_likelihood(log_days, days, np.array([True, False]))
    around = model().survival(log_days[:1], 29.999) - model().survival(log_days[:1], 30.001)
    assert np.exp(got[0]) == pytest.approx(around[0] / 0.002, rel=1e-4)
    assert np.exp(got[1]) == pytest.approx(model().survival(log_days[:1], 30.0)[0])


def test_same_rows_and_seed_same_numbers() -> None:
    x, days, observed, _ = customers(25_000)
    one, other = (LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=7) for _ in range(2))
    assert one.n_rows == 20_000
    assert one.intercept == other.intercept
    np.testing.assert_array_equal(one.coefficients, other.coefficients)


def test_stored_as_data_it_scores_the_same() -> None:
    x, days, observed, _ = customers(1_000)
    fitted = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    packed = artifacts.pack(fitted.to_state())
    again = LogLogistic.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    places = [FEATURES.index(feature) for feature in again.covariates.features]
    np.testing.assert_array_equal(again.log_days(x[:, places]), fitted.log_days(x[:, places]))


def test_nobody_buys() -> None:
    x, days, _, _ = customers(500)
    fitted = LogLogistic.fit(x, days, np.zeros(500, dtype=bool), FEATURES, limit=365, seed=1)
    assert fitted.algorithm == RATE_ONLY
    assert fitted.message.startswith("0 events")
    survival = fitted.survival(fitted.log_days(x[:, :0]), 90)
    assert ((survival > 0.99) & (survival < 1)).all()


def test_everyone_buys_at_once() -> None:
    x, days, observed, _ = customers(500)
    fitted = LogLogistic.fit(x, np.full(500, 0.1), np.ones(500, dtype=bool), FEATURES, limit=365, seed=1)
    assert fitted.algorithm == INTERCEPT_ONLY
    log_days = fitted.log_days(x[:, :0])
    assert fitted.survival(log_days, 30).max() < 1e-6
    np.testing.assert_allclose(np.exp(log_days), FIRST_DAYS, rtol=0.1)


def test_thirty_customers() -> None:
    x, days, observed, _ = customers(30)
    fitted = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    assert len(fitted.coefficients) <= observed.sum() // 10
    assert np.isfinite(fitted.restricted_mean(np.array([fitted.intercept]), 365)).all()


def test_nothing_known_of_anyone() -> None:
    x, days, observed, _ = customers(500)
    fitted = LogLogistic.fit(np.full_like(x, np.nan), days, observed, FEATURES, limit=365, seed=1)
    assert fitted.algorithm == INTERCEPT_ONLY
    assert fitted.message == "no feature goes with the time to the event"
    assert np.exp(fitted.intercept) == pytest.approx(60, rel=0.3)


def test_a_singular_fit_is_stiffened_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    x, days, observed, _ = customers(500)
    tried = []

    def fail_below(least: float):
        def fit(self, *_args):
            tried.append(self.penalizer)
            if self.penalizer < least:
                raise np.linalg.LinAlgError("Singular matrix")
            return real(self, *_args)

        return fit

    real = LogLogisticAFTFitter.fit
    monkeypatch.setattr(LogLogisticAFTFitter, "fit", fail_below(0.3))
    assert LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1).algorithm == AFT
    assert tried == pytest.approx([0.04, 0.4])
    monkeypatch.setattr(LogLogisticAFTFitter, "fit", fail_below(np.inf))
    given_up = LogLogistic.fit(x, days, observed, FEATURES, limit=365, seed=1)
    assert given_up.algorithm == INTERCEPT_ONLY
    assert given_up.message == "the fit failed: Singular matrix"


def test_no_customers() -> None:
    with pytest.raises(ValueError, match="no customer"):
        LogLogistic.fit(np.empty((0, 4)), np.empty(0), np.empty(0, dtype=bool), FEATURES, limit=365, seed=1)
