"""Bounds of amounts by conformal prediction: quantiles of what customers of similar predicted value spent before.

Split conformal prediction within bins of the predicted value (Mondrian: Vovk, Gammerman & Shafer 2005, section 4.5).
Within a bin amounts are taken relative to the prediction, so that bounds move with it. They hold for customers drawn
like the calibration rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

MOST_BINS = 20
ROWS_IN_BIN = 60  # at the least, where there is more than one bin
SLACK = 0.04  # below the level, for bins of customers who do spend
FEWEST_ROWS = 10  # to say anything from


@dataclass(frozen=True)
class Intervals:
    """Bounds as multiples of the prediction plus `offset`, by bin; `edges` are the predictions between the bins.

    The lower bound is 0 where more than the lower tail of a bin spent nothing; all of the error is then above.
    """

    edges: Vector
    lower: Vector
    upper: Vector
    offset: float

    @classmethod
    def fit(cls, predicted: Vector, realised: Vector, *, level: float) -> Intervals:
        """From rows that the predictions were not learnt on; `level` is the share that is to lie within.

        Where nearly nobody in a bin spends, more than that share does; the other bins make up for it as far as SLACK.
        Raises ValueError where there are too few rows.
        """
        n = len(predicted)
        if n < FEWEST_ROWS:
            raise ValueError(f"{n} customers with a known outcome, {FEWEST_ROWS} are the fewest for bounds")
        bins = int(np.clip(n // ROWS_IN_BIN, 1, MOST_BINS))
        edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1]))
        # A bin between equal predictions would be empty.
        edges = edges[(edges > predicted.min()) & (edges <= predicted.max())]
        offset = 0.1 * float(predicted.mean()) + 1e-9
        ratio, of = realised / (predicted + offset), np.searchsorted(edges, predicted, side="right")
        sorted_ratios = [np.sort(ratio[of == bin_]) for bin_ in range(len(edges) + 1)]
        for aim in np.linspace(level - SLACK, level, 5):
            tails = np.array([_tails(ratios, float(aim)) for ratios in sorted_ratios])
            made = cls(edges, tails[:, 0], tails[:, 1], offset)
            lower, upper = made.bounds(predicted)
            if ((lower <= realised) & (realised <= upper)).mean() >= level:
                break
        return made

    def bounds(self, predicted: Vector) -> tuple[Vector, Vector]:
        """Lower and upper bound, which enclose the prediction; neither is below 0."""
        of = np.searchsorted(self.edges, predicted, side="right")
        scale = predicted + self.offset
        return np.minimum(self.lower[of] * scale, predicted), np.maximum(self.upper[of] * scale, predicted)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Intervals:
        """The intervals that `to_state` gave."""
        return cls(**state)


@dataclass(frozen=True)
class IntervalsBySureness:
    """Intervals of customers who are sure to buy again, and of the others: a class each, as bins are.

    Of customers of one predicted value some buy often and little, others seldom and much. Where the latter are too many
    nobody in the bin would have a lower bound above 0, not even who orders every week. `nothing_below` is the
    probability of no purchase by which the classes are told apart; without `sure` all are in one.
    """

    nothing_below: float
    sure: Intervals | None
    others: Intervals

    @classmethod
    def fit(cls, predicted: Vector, nothing: Vector, realised: Vector, *, level: float) -> IntervalsBySureness:
        """As `Intervals.fit`; `nothing` is the probability that a customer buys nothing within the horizon.

        Sure are those of such probabilities that, by isotonic regression, no more spent nothing than the lower tail
        holds.
        """
        from scipy.optimize import isotonic_regression

        order = np.argsort(nothing, kind="stable")
        spent_nothing = isotonic_regression((realised[order] <= 0).astype(np.float64)).x if len(order) else np.empty(0)
        too_many = np.flatnonzero(spent_nothing > (1 - level) / 2)
        below = float(nothing[order[too_many[0]]]) if too_many.size else np.inf
        is_sure = nothing < below
        if min(is_sure.sum(), (~is_sure).sum()) < ROWS_IN_BIN:
            return cls(0.0, None, Intervals.fit(predicted, realised, level=level))
        sure, others = (Intervals.fit(predicted[of], realised[of], level=level) for of in (is_sure, ~is_sure))
        return cls(below, sure, others)

    def bounds(self, predicted: Vector, nothing: Vector) -> tuple[Vector, Vector]:
        """Lower and upper bound, which enclose the prediction; neither is below 0."""
        lower, upper = self.others.bounds(predicted)
        if self.sure is None:
            return lower, upper
        is_sure, of_sure = nothing < self.nothing_below, self.sure.bounds(predicted)
        return np.where(is_sure, of_sure[0], lower), np.where(is_sure, of_sure[1], upper)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        sure = self.sure.to_state() if self.sure else None
        return {"nothing_below": self.nothing_below, "sure": sure, "others": self.others.to_state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> IntervalsBySureness:
        """The intervals that `to_state` gave."""
        sure = Intervals.from_state(state["sure"]) if state["sure"] else None
        return cls(state["nothing_below"], sure, Intervals.from_state(state["others"]))


def _tails(ratio: Vector, level: float) -> tuple[float, float]:
    """Lower and upper quantile of ascending ratios, by their conformal ranks."""
    n, tail = len(ratio), (1 - level) / 2
    if (ratio <= 0).mean() >= tail:
        return 0.0, max(0.0, float(ratio[min(n, int(np.ceil((n + 1) * level))) - 1]))
    low, high = int(np.floor((n + 1) * tail)), int(np.ceil((n + 1) * (1 - tail)))
    return max(0.0, float(ratio[low - 1])) if low > 0 else 0.0, float(ratio[min(n, high) - 1])


def assumed_bounds(expected: Vector, *, level: float) -> tuple[Vector, Vector]:
    """Bounds where no outcome is known yet, of amounts that are 0 or else exponential.

    The upper one is the widest over all shares of zeros: expected / (1 - level) / e. The lower one is 0, as most
    customers buy nothing in a quarter.
    """
    return np.zeros(len(expected)), expected / (1 - level) / np.e
