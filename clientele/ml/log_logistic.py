"""The log-logistic model of a time, with covariates that make time run faster or slower.

S(t | x) = 1 / (1 + (t / alpha)^shape), log alpha linear in the covariates (Kalbfleisch & Prentice 2002, section 3.3).
lifelines fits it; what is kept are its numbers, and they are all that scoring needs.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.covariates import Covariates
from clientele.ml.feature_table import Feature, Matrix

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FIRST_DAYS = 0.5  # what the day of the snapshot itself counts; an order that is dated to a day has no hour
MOST_ROWS = 20_000  # to fit on; twice as many gained the demo company 0.0003 of log-likelihood a row, out of time
MOST_COLUMNS = 60
EVENTS_A_COLUMN = 10  # fewer, and coefficients are noise (Peduzzi et al. 1995)
PENALTY_ROWS = 20.0  # what coefficients are held to zero with, as if from so many rows
SHAPES = (0.1, 20.0)  # within which a fit is believed

AFT, INTERCEPT_ONLY, RATE_ONLY = "log_logistic_aft", "intercept_only", "rate_only"


@dataclass
class LogLogistic:
    """A fitted model, numbers only.

    `intercept` is in log days; `covariance` is that of coefficients, intercept and log of the shape, in this order.
    `algorithm` says what could be fitted, `message` why no more. The methods take `log_days`, (rows), the log of alpha,
    which is the median.
    """

    covariates: Covariates
    coefficients: Vector
    intercept: float
    shape: float
    covariance: Matrix
    algorithm: str
    n_rows: int
    message: str = ""

    @classmethod
    def fit(
        cls,
        x: Matrix,
        days: Vector,
        observed: Flags,
        features: list[Feature],
        *,
        limit: float,
        seed: int,
        events: npt.NDArray[np.int64] | None = None,
    ) -> LogLogistic:
        """Fit on at most MOST_ROWS rows, drawn with `seed`.

        `days` run to the event where it was `observed`, else to where the row was censored; `limit` censors them all,
        as what happens later should not bend what is asked. Rows with the same number in `events` tell of the same
        event, which counts once for how many columns there may be; without them every row has its own. Never fails for
        what the data are: with few events, or where no penalty makes the fit converge, the model has no covariates.
        Raises ValueError without rows.
        """
        if not len(days):
            raise ValueError("no customer with a day to follow")
        at = _sample(len(days), seed)
        x, days, observed = x[at], days[at], observed[at] & (days[at] < limit)
        days = np.clip(days, FIRST_DAYS, limit)
        n_events = int(observed.sum()) if events is None else len(np.unique(events[at][observed]))
        if n_events < EVENTS_A_COLUMN:
            return _rate_only(days, observed, f"{n_events} events, {EVENTS_A_COLUMN} tell more than their rate")
        most = min(MOST_COLUMNS, n_events // EVENTS_A_COLUMN)
        covariates = Covariates.fit(x, features, _martingale_residual(days, observed), most=most)
        return _with_covariates(covariates, covariates.columns(x[:, _places(covariates, features)]), days, observed)

    def log_days(self, x: Matrix) -> Vector:
        """(rows) from `x`, (rows, features), which has the columns of `covariates.features`."""
        return self.intercept + self.covariates.dot(x, self.coefficients)

    def survival(self, log_days: Vector, days: float | Vector) -> Vector:
        """Probability that the event has not happened by `days` after the snapshot."""
        from scipy.special import expit

        with np.errstate(divide="ignore"):
            return expit(self.shape * (log_days - np.log(days)))

    def log_odds_errors(self, x: Matrix, days: Sequence[float]) -> Matrix:
        """Standard errors, (rows, days), of the log-odds of the survival at `days`, by the delta method.

        They are those of independent rows. A customer's rows at several snapshots are not, and time moves: what is
        missing must come from how such models did in past periods.
        """
        z = np.column_stack([self.covariates.columns(x), np.ones(len(x))])
        of_place, shared = self.covariance[:-1, :-1], self.covariance[:-1, -1]
        place, both = ((z @ of_place) * z).sum(axis=1), z @ shared
        log_odds = self.shape * (self.log_days(x)[:, None] - np.log(days))
        variance = self.shape * (self.shape * place[:, None] + 2 * both[:, None] * log_odds)
        variance += self.covariance[-1, -1] * log_odds**2
        return np.sqrt(np.maximum(variance, 0.0))

    def days_at(self, log_days: Vector, survival: float | Vector) -> Vector:
        """Days at which the survival has fallen to `survival`: the inverse. May be astronomical, even infinite."""
        with np.errstate(over="ignore", divide="ignore"):
            return np.exp(log_days + (np.log1p(-np.asarray(survival)) - np.log(survival)) / self.shape)

    def restricted_mean(self, log_days: Vector, limit: float) -> Vector:
        """Mean of the days to the event, counted as `limit` where it is later: the area under the survival.

        By 64 Gauss-Legendre nodes in the fourth root of time, in which the curve is smooth at zero.
        """
        nodes, weights = np.polynomial.legendre.leggauss(64)
        roots = (nodes + 1) / 2
        area = np.zeros(len(log_days))
        for root, weight in zip(roots, weights / 2, strict=True):
            area += weight * 4 * root**3 * limit * self.survival(log_days, limit * root**4)
        return area

    def log_likelihood(self, log_days: Vector, days: Vector, observed: Flags) -> Vector:
        """Of each row: log density where the event was observed, log survival where it had not come by `days`."""
        odds = self.shape * (np.log(days) - log_days)
        survival = -np.logaddexp(0, odds)
        return survival + np.where(observed, np.log(self.shape / days) + odds + survival, 0.0)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return vars(self) | {"covariates": self.covariates.to_state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> LogLogistic:
        """The model that `to_state` gave."""
        return cls(**(state | {"covariates": Covariates.from_state(state["covariates"])}))


def _sample(n: int, seed: int) -> npt.NDArray[np.intp]:
    if n <= MOST_ROWS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_ROWS, replace=False))


def _places(covariates: Covariates, features: list[Feature]) -> list[int]:
    return [features.index(feature) for feature in covariates.features]


def _martingale_residual(days: Vector, observed: Flags) -> Vector:
    """Events less those expected of everyone alike, by Nelson and Aalen's cumulative hazard."""
    times, place = np.unique(days, return_inverse=True)
    at_risk = np.bincount(place)[::-1].cumsum()[::-1]
    hazard = np.cumsum(np.bincount(place, observed, len(times)) / at_risk)
    return observed - hazard[place]


def _with_covariates(covariates: Covariates, z: Matrix, days: Vector, observed: Flags) -> LogLogistic:
    """Ever stiffer fits until one converges; without covariates where none does, or there are none."""
    message = "" if z.shape[1] else "no feature goes with the time to the event"
    for penalty in PENALTY_ROWS / len(days) * np.array([1.0, 10.0, 100.0]) if z.shape[1] else ():
        coefficients, intercept, shape, message = _lifelines(z, days, observed, float(penalty))
        if not message:
            model = LogLogistic(covariates, coefficients, intercept, shape, np.empty(0), AFT, len(days))
            model.covariance = _covariance(model, z, days, observed, penalty * len(days))
            return model
    return _intercept_only(days, observed, message)


def _lifelines(z: Matrix, days: Vector, observed: Flags, penalty: float) -> tuple[Vector, float, float, str]:
    """Coefficients, intercept and shape; or a message where the fit failed or is not to be believed."""
    import pandas as pd
    from lifelines import LogLogisticAFTFitter

    names = [f"c{c:03d}" for c in range(z.shape[1])]
    frame = pd.DataFrame(z, columns=names).assign(days=days, observed=observed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = LogLogisticAFTFitter(penalizer=penalty).fit(frame, "days", "observed")
    except Exception as error:  # whatever it is (convergence, overflow, a singular matrix), the next try is stiffer
        return np.empty(0), 0.0, 0.0, f"the fit failed: {str(error).strip().splitlines()[0]}"
    scale = fitted.params_["alpha_"]
    shape = float(np.exp(fitted.params_["beta_"]["Intercept"]))
    coefficients = scale[names].to_numpy(dtype=np.float64)
    is_sane = np.isfinite(coefficients).all() and SHAPES[0] < shape < SHAPES[1]
    message = "" if is_sane else f"the fit ran away, to a shape of {shape:.3g}"
    return coefficients, float(scale["Intercept"]), shape, message


def _rate_only(days: Vector, observed: Flags, message: str) -> LogLogistic:
    """Shape 1. Half an event more keeps the rate from being zero where nothing has happened yet (Jeffreys)."""
    n_events = observed.sum() + 0.5
    log_days, covariance = float(np.log(days.sum() / n_events)), np.diag([1 / n_events, 0.0])
    return LogLogistic(Covariates.none(), np.empty(0), log_days, 1.0, covariance, RATE_ONLY, len(days), message)


def _intercept_only(days: Vector, observed: Flags, message: str) -> LogLogistic:
    """Maximum likelihood of the two numbers that are left."""
    from scipy.optimize import minimize

    model = _rate_only(days, observed, message)
    model.algorithm = INTERCEPT_ONLY

    def loss(parameters: Vector) -> float:
        model.intercept, model.shape = float(parameters[0]), float(np.exp(parameters[1]))
        return -float(model.log_likelihood(np.full(len(days), model.intercept), days, observed).mean())

    bounds = [(np.log(FIRST_DAYS), None), tuple(np.log(SHAPES))]
    loss(minimize(loss, [model.intercept, 0.0], method="L-BFGS-B", bounds=bounds).x)
    model.covariance = _covariance(model, np.empty((len(days), 0)), days, observed)
    return model


def _covariance(model: LogLogistic, z: Matrix, days: Vector, observed: Flags, penalty: float = 0.0) -> Matrix:
    """Inverse of the observed information at the maximum, where the slopes of the likelihood are zero.

    With o the log-odds of the event by `days`, a row's log-likelihood bends by (1 + observed) S (1 - S) in o, and o
    goes with coefficients and intercept by -shape z, with the log of the shape by itself.
    """
    from scipy.special import expit

    odds = model.shape * (np.log(days) - model.intercept - z @ model.coefficients)
    slopes = np.column_stack([-model.shape * z, np.full(len(z), -model.shape), odds])
    bend = (1.0 + observed) * expit(odds) * expit(-odds)
    held = np.append(np.full(z.shape[1], penalty), [0.0, observed.sum()])
    return np.linalg.inv((slopes * bend[:, None]).T @ slopes + np.diag(held))
