"""Probability of default at every whole score, with the bounds that what is known of it leaves.

Three things may be off: the level at a score (Venn-Abers, see calibration.py), the line through all scores (the
standard error of intercept and slope, in which a customer's snapshots count as one), and times to come (the log-odds by
which groups lay outside their bounds in past periods). The bounds hold all three and never turn: a better score has no
higher bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.calibration import LEAST, Calibration, expit, logit
from clientele.ml.scorecard import Scaling

Vector = npt.NDArray[np.float64]

LEVEL = 1.645  # standard errors of bounds that hold 90 %
# How far slopes on other customers lie from 1, as a standard deviation, by cards that 23 and 57 defaults of public sets
# taught (docs/decisions.md).
SLOPE_DEVIATION = 0.25


@dataclass
class Recalibration:
    """The line from the log-odds of a model to those that came true, and how sure it is."""

    calibration: Calibration
    covariance: npt.NDArray[np.float64]  # of offset and slope

    @classmethod
    def fit(cls, log_odds: Vector, y: npt.NDArray[np.bool_], case: npt.NDArray[np.intp], *, seed: int) -> Recalibration:
        """From the log-odds that customers got from models which did not know them, and their outcomes.

        A slope from few defaults is mostly chance: it is drawn toward 1, which a smoothed card has by its making, as
        far as its standard error says; the level stays as it came. Raises ValueError where the outcomes are of one
        class or the log-odds point the wrong way.
        """
        calibration = Calibration.fit(log_odds, y)
        if calibration.slope <= 0:
            raise ValueError("in the calibration period those who score better defaulted as often or more")
        thinned = _thinned(y, case, seed)
        again = Calibration.fit(log_odds[thinned], y[thinned])
        calibration.knots, calibration.p0, calibration.p1 = again.knots, *_telling(again.p0, again.p1)
        covariance = _covariance(calibration, log_odds, y, case)
        calibration.slope = _drawn(calibration.slope, float(covariance[1, 1]))
        calibration.offset = _level(calibration.slope * log_odds, float(y.mean()))
        return cls(calibration, covariance)

    def bounds(self, log_odds: Vector) -> tuple[Vector, Vector]:
        """Lower and upper bound of the probability at log-odds of the model."""
        calibration = self.calibration
        lower, upper = calibration.bounds(log_odds)
        line = np.column_stack([np.ones(len(log_odds)), log_odds])
        error = LEVEL * np.sqrt(np.maximum((line @ self.covariance * line).sum(axis=1), 0.0)) + calibration.spread
        middle = calibration.log_odds(log_odds)
        return np.minimum(lower, expit(middle - error)), np.maximum(upper, expit(middle + error))

    def by_score(self, scaling: Scaling, lowest: int, highest: int) -> list[dict[str, Any]]:
        """One row a whole score: score, pd, pd_lower and pd_upper."""
        scores = np.arange(lowest, highest + 1)
        pd = scaling.probability(scores)
        calibration = self.calibration
        lower, upper = self.bounds((logit_of(scaling, scores) - calibration.offset) / calibration.slope)
        lower = np.minimum.accumulate(np.minimum(lower, pd))
        upper = np.maximum.accumulate(np.maximum(upper, pd)[::-1])[::-1]
        return [
            {"score": int(s), "pd": float(p), "pd_lower": float(low), "pd_upper": float(high)}
            for s, p, low, high in zip(scores, pd, lower, upper, strict=True)
        ]


def _telling(p0: Vector, p1: Vector) -> tuple[Vector, Vector]:
    """Venn-Abers' two probabilities, such that they bound nothing where they only say that all outcomes were alike.

    Where nobody of a group defaulted the lower one is 0, however small the group: one point of the score further the
    bound would fall from a fifth of a percent to none. There the line alone bounds.
    """
    return np.where(p0 > LEAST, p0, 1.0), np.where(p1 < 1 - LEAST, p1, 0.0)


def slope_of(probability: Vector, y: npt.NDArray[np.bool_], case: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Slope of the log-odds that came true on those that were told, 1 where they are right, and its standard error.

    Above 1 the probabilities are too flat: the best are safer than told, the worst are worse.
    """
    log_odds = logit(probability)
    line = Calibration.fit(log_odds, y)
    return line.slope, float(np.sqrt(_covariance(line, log_odds, y, case)[1, 1]))


def _drawn(slope: float, variance: float) -> float:
    """The mean of a slope and of 1, each weighted by how sure it is. 0.2 of a variance of 0.0625 gives 0.6."""
    weight = SLOPE_DEVIATION**2 / (SLOPE_DEVIATION**2 + variance)
    return 1 + weight * (slope - 1)


def _level(log_odds: Vector, rate: float) -> float:
    """What to add to log-odds for their mean probability to be the rate."""
    from scipy.optimize import brentq

    far = float(np.abs(log_odds).max()) + 30
    return float(brentq(lambda offset: expit(log_odds + offset).mean() - rate, -far, far))


def logit_of(scaling: Scaling, scores: npt.NDArray[Any]) -> Vector:
    """Log-odds of a default at scores."""
    out: Vector = (scaling.offset - scores) / scaling.factor
    return out


def _thinned(y: npt.NDArray[np.bool_], case: npt.NDArray[np.intp], seed: int) -> npt.NDArray[np.bool_]:
    """As many rows as there are customers, drawn: snapshots of a customer are no further customers."""
    share = len(np.unique(case)) / len(case)
    kept = np.random.default_rng(seed).random(len(y)) < share
    return kept if y[kept].any() and not y[kept].all() else np.ones(len(y), dtype=bool)


def _covariance(
    calibration: Calibration, log_odds: Vector, y: npt.NDArray[np.bool_], case: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Of offset and slope, robust to rows that go together (Liang & Zeger 1986)."""
    line = np.column_stack([np.ones(len(y)), log_odds])
    probability = calibration.probability(log_odds)
    bread = np.linalg.pinv((line * (probability * (1 - probability))[:, None]).T @ line)
    pulls = line * (y - probability)[:, None]
    numbers = np.unique(case, return_inverse=True)[1]
    sums = np.column_stack([np.bincount(numbers, pulls[:, k]) for k in range(2)])
    return bread @ (sums.T @ sums) @ bread
