"""From log-odds to probabilities that mean what they say, with bounds.

The probability is Platt's: a logistic regression on the score, strictly increasing, so that the order of customers is
the model's. The bounds are those of Venn-Abers prediction (Vovk, Petej & Fedorova 2015): isotonic regression on the
calibration rows with the customer added once as staying and once as leaving. They hold for customers drawn like the
calibration rows; time moves, so they are widened by `spread`, the log-odds by which probabilities of groups moved from
period to period in the past (see `spread_of`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

MOST_KNOTS = 300  # groups of calibration rows that isotonic regression is fitted on
GROUPS = 20  # of equal size, by score, in which rates are compared with their bounds
FEWEST = 10  # outcomes of either kind that a group is to expect, for its rate to say more than chance does
LEAST = 1e-6  # probability that is told from 0, and from 1
SPREAD_LEVEL = 0.95  # share of the groups of periods to come that stay within the widened bounds


@dataclass
class Calibration:
    """`slope` and `offset` of Platt scaling; Venn-Abers' two probabilities at ascending `knots` of the score."""

    slope: float
    offset: float
    knots: Vector
    p0: Vector
    p1: Vector
    spread: float = 0.0

    @classmethod
    def fit(cls, score: Vector, y: npt.NDArray[np.bool_]) -> Calibration:
        """Fit on the log-odds of rows the model has not seen, and their outcomes.

        Raises ValueError where `y` holds one class only.
        """
        from sklearn.linear_model import LogisticRegression

        if y.all() or not y.any():
            raise ValueError("the outcomes are of one class only")
        slope, offset = 0.0, logit(y.mean())
        if np.ptp(score) > 0:
            platt = LogisticRegression(C=1e6, max_iter=500).fit(score[:, None], y)
            slope, offset = float(platt.coef_[0, 0]), float(platt.intercept_[0])
        if slope <= 0:  # a score that points the wrong way tells nothing
            slope, offset = 0.0, logit(y.mean())
        return cls(slope, offset, *_venn_abers(score, y.astype(np.float64)))

    def log_odds(self, score: Vector) -> Vector:
        """Calibrated log-odds of each score."""
        return self.slope * score + self.offset

    def probability(self, score: Vector, shift: float = 0.0) -> Vector:
        """Calibrated probability of each score, moved by the log-odds of a season."""
        return expit(self.log_odds(score) + shift)

    def bounds(self, score: Vector, shift: float = 0.0, tolerance: float = 0.0) -> tuple[Vector, Vector]:
        """Lower and upper bound of the probability; they enclose `probability`.

        `tolerance` is by how many log-odds the shift of the season may be wrong.
        """
        at = np.searchsorted((self.knots[1:] + self.knots[:-1]) / 2, score)
        probability = self.probability(score, shift)
        wider = self.spread + tolerance
        lower, upper = expit(logit(self.p0) + shift - wider)[at], expit(logit(self.p1) + shift + wider)[at]
        return np.minimum(lower, probability), np.maximum(upper, probability)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Calibration:
        """The calibration that `to_state` gave."""
        return cls(**state)


def _venn_abers(score: Vector, y: Vector) -> tuple[Vector, Vector, Vector]:
    """Knots, and the isotonic fit at each of them with one more row there, once with outcome 0 and once with 1."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(score, kind="stable")
    score, y = score[order], y[order]
    starts = np.unique(np.searchsorted(score, np.quantile(score, np.linspace(0, 1, MOST_KNOTS + 1)[:-1])))
    size = np.diff(np.append(starts, len(score))).astype(np.float64)
    knots, rate = np.add.reduceat(score, starts) / size, np.add.reduceat(y, starts) / size
    bounds = []
    for outcome in (0.0, 1.0):
        fitted = np.empty(len(knots))
        for at in range(len(knots)):
            rates, sizes = rate.copy(), size.copy()
            rates[at] = (rate[at] * size[at] + outcome) / (size[at] + 1)
            sizes[at] += 1
            fitted[at] = isotonic_regression(rates, weights=sizes).x[at]
        bounds.append(fitted)
    return knots, bounds[0], bounds[1]


@dataclass(frozen=True)
class Group:
    """Customers of similar score: how many, the share with the outcome, their mean probability and bounds."""

    size: int
    rate: float
    probability: float
    lower: float
    upper: float

    @property
    def is_inside(self) -> bool:
        """Whether the rate lies within the mean bounds."""
        return self.lower <= self.rate <= self.upper

    @property
    def miss(self) -> float:
        """Log-odds by which the rate lies above the probability; half a customer is lent to rates of 0 and 1."""
        return logit((self.rate * self.size + 0.5) / (self.size + 1)) - logit(self.probability)

    @property
    def chance(self) -> float:
        """Variance of `miss` where the probability is right, and customers come and go by themselves."""
        probability = min(max(self.probability, LEAST), 1 - LEAST)
        return 1 / (self.size * probability * (1 - probability))


def groups_of(probability: Vector, lower: Vector, upper: Vector, y: npt.NDArray[np.bool_]) -> list[Group]:
    """Twenty groups of equal size by probability; neighbours are one where they would expect too little to tell.

    A group is to expect FEWEST customers with the outcome and as many without: of thirty customers at one in a hundred
    mostly none has it, and a rate of 0 lies in no bounds above it, whatever these are worth. (Cochran 1954 asks for
    five, at which chance moves a rate by half.)
    """
    order, groups = np.argsort(probability, kind="stable"), list[npt.NDArray[np.intp]]()
    for part in np.array_split(order, GROUPS):
        if groups and _expects_too_little(probability[groups[-1]]):
            groups[-1] = np.append(groups[-1], part)
        else:
            groups.append(part)
    while len(groups) > 1 and _expects_too_little(probability[groups[-1]]):
        last = groups.pop()
        groups[-1] = np.append(groups[-1], last)
    return [
        Group(len(p), float(y[p].mean()), *(float(v[p].mean()) for v in (probability, lower, upper))) for p in groups
    ]


def _expects_too_little(probability: Vector) -> bool:
    return bool(min(probability.sum(), (1 - probability).sum()) < FEWEST)


def spread_of(periods: list[list[Group]]) -> float:
    """The log-odds by which bounds are to be widened, as what was so likely in one period is not in the next.

    Probabilities of groups are taken to move from period to period with one variance, which is how much more their
    rates missed than chance does (by moments: DerSimonian & Laird 1986). A period that missed by twice as much as
    chance does is lent: a few months do not prove that nothing moves. As few also tell the variance badly, the quantile
    is Student's.
    """
    from scipy.stats import t

    known = [groups for groups in periods if groups]
    if not known:
        return 0.0
    chance = float(np.mean([group.chance for groups in known for group in groups]))
    beyond = [float(np.mean([group.miss**2 - group.chance for group in groups])) for groups in known]
    n = len(known) + 1
    variance = max(0.0, sum(beyond) + chance) / n
    return float(t.ppf((1 + SPREAD_LEVEL) / 2, n) * np.sqrt(variance))


def logit(probability: Any) -> Any:
    """Log-odds; 0 and 1 are taken as one in a million."""
    clipped = np.clip(probability, LEAST, 1 - LEAST)
    odds = np.log(clipped) - np.log1p(-clipped)
    return float(odds) if np.ndim(odds) == 0 else odds


def expit(log_odds: Any) -> Any:
    """Probability of log-odds."""
    from scipy.special import expit as expit_

    return expit_(log_odds)
