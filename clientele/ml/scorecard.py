"""A scorecard: logistic regression on weights of evidence, as whole points that add up to the score.

Points follow Siddiqi (2006): score = offset + factor x log-odds of good, factor = pdo / ln 2, offset = target score -
factor x ln(target odds), so that with 600 at 50:1 and a pdo of 20 a score of 620 means 100:1. Points are whole numbers
and the base takes what is left, so that base + sum of points = score without a remainder, and the probability of
default is read from the score alone: PD = 1 / (1 + exp((score - offset) / factor)).

Coefficients are learnt from weights that cases got from the bins of other cases. Weights of their own outcomes would
flatter a characteristic the more the finer it is cut: a state with three loans, one of them bad, looks telling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.binning import Characteristic, Coarse, Fine, Labels, Places, as_rows, fine_bins
from clientele.ml.calibration import logit
from clientele.ml.feature_table import Feature, Matrix
from clientele.ml.sign_logistic import ALIKE, SPARSE, Penalty, fit_signed, log_loss_of
from clientele.ml.steps import Options
from clientele.ml.threads import single_threaded

Vector = npt.NDArray[np.float64]

FOLDS, PARTINGS, MANY_ROWS = 6, 3, 20_000
# What bins may be besides monotone, where unseen cases bear it out by CLEAR standard errors: with a peak or a valley
# that gains so much log-likelihood; of any shape where values may mean something of their own and each bin gains so.
SHAPES: tuple[dict[str, Any], ...] = ({"turn": 3.0}, {"own": 2.0})
CLEAR = 2.0
SHIFTS = np.linspace(-0.48, 0.48, 25)  # of a characteristic's points before they are rounded


@dataclass(frozen=True)
class Scaling:
    """`target_score` at odds of `target_odds` good to one bad; `pdo` points more double the odds."""

    target_score: float = 600.0
    target_odds: float = 50.0
    pdo: float = 20.0

    @property
    def factor(self) -> float:
        """Points of one unit of log-odds; 28.85 for a pdo of 20."""
        return self.pdo / float(np.log(2))

    @property
    def offset(self) -> float:
        """Points at odds of 1:1; 487.12 for 600 at 50:1 and a pdo of 20."""
        return self.target_score - self.factor * float(np.log(self.target_odds))

    def probability(self, score: Any) -> Any:
        """Probability of default at a score."""
        from scipy.special import expit

        return expit((self.offset - np.asarray(score, dtype=np.float64)) / self.factor)

    def score(self, log_odds: Any) -> Any:
        """The score, not rounded, of the log-odds of a default."""
        return self.offset - self.factor * log_odds


@dataclass
class Scorecard:
    """Log-odds of a default: `intercept` less the sum of coefficient times weight of evidence.

    Every coefficient is above 0: a bin of more weight is a safer one, in the card as in the data.
    """

    characteristics: list[Characteristic]
    coefficients: Vector
    intercept: float

    @classmethod
    @single_threaded
    def fit(
        cls,
        x: Matrix,
        y: Labels,
        features: Sequence[Feature],
        draw: npt.NDArray[np.int64],
        options: Options | None = None,
    ) -> Scorecard:
        """Fit on rows of `x` (NaN for missing), their outcomes (True is the default) and the draw of each row's case.

        `draw` is as `periods.draw_of` gives it: its digits to the base of six are folds of cases.
        Raises ValueError where the outcomes are of one class, or no characteristic tells them apart.
        """
        if y.all() or not y.any():
            raise ValueError("the outcomes are of one class only")
        options = options or Options()
        fine = fine_bins(x, features, options)
        fold, folds = draw % FOLDS, _folds(draw)
        shapes, weights = _shaped(fine, y, folds, options)
        penalty = min((SPARSE, ALIKE), key=lambda one: float(_unseen_losses(weights, y, fold, options, one).mean()))
        intercept, coefficients = fit_signed(weights, y, penalty, rows_per_case=options.rows_per_case)
        kept = np.flatnonzero(coefficients > 0)
        if not kept.size:
            raise ValueError("no characteristic tells those who default from the others")
        fitted = [(j, Coarse.fit(fine[j], y, shapes[j])) for j in kept]
        told = [(j, one) for j, one in fitted if np.ptp(one.woe[one.n > 0]) > 0]  # in one bin all are alike
        if not told:
            raise ValueError("no characteristic tells those who default from the others")
        kept, coarse = np.array([j for j, _ in told]), [one for _, one in told]
        woe = np.stack([c.woe[c.of_code[fine[j].codes]] for c, j in zip(coarse, kept, strict=True)])
        mean = float((coefficients[kept] @ woe).mean() - (weights @ coefficients).mean())
        named = [c.named(fine[j]) for c, j in zip(coarse, kept, strict=True)]
        return cls(named, coefficients[kept], intercept + mean)

    @property
    def features(self) -> list[Feature]:
        """The columns of the matrix that it scores."""
        return [one.feature for one in self.characteristics]

    def log_odds(self, x: Matrix) -> Vector:
        """Of a default, for rows of `matrix(table, self.features)`."""
        out = np.full(len(x), self.intercept)
        for j, (one, coefficient) in enumerate(zip(self.characteristics, self.coefficients, strict=True)):
            out -= coefficient * one.woe[one.place(x[:, j])]
        return out

    def recalibrated(self, slope: float, offset: float) -> Scorecard:
        """The card whose log-odds are `slope` times these plus `offset`. Raises ValueError where they point back."""
        if slope <= 0:
            raise ValueError("in the calibration period those who score better defaulted as often or more")
        return Scorecard(self.characteristics, self.coefficients * slope, self.intercept * slope + offset)

    def rows(self, scaling: Scaling) -> list[dict[str, Any]]:
        """One row a bin of every characteristic: `binning.as_rows` with coefficient and points, and the constants."""
        values = [
            -scaling.factor * -coefficient * one.woe
            for one, coefficient in zip(self.characteristics, self.coefficients, strict=True)
        ]
        sizes = [one.n for one in self.characteristics]
        points, base = whole_points(values, sizes, float(scaling.score(self.intercept)))
        constants = {
            "base_points": base,
            "factor": scaling.factor,
            "pd_offset": scaling.offset,
            "target_score": scaling.target_score,
            "target_odds": scaling.target_odds,
            "pdo": scaling.pdo,
        }
        rows = []
        for one, coefficient, of in zip(self.characteristics, self.coefficients, points, strict=True):
            reference = int(np.rint(np.average(of, weights=one.n)))
            for row, n in zip(as_rows(one), of, strict=True):
                own = {"coefficient": float(coefficient), "points": int(n), "reference_points": reference}
                rows.append(row | own | constants)
        return rows


def whole_points(values: Sequence[Vector], sizes: Sequence[Vector], base: float) -> tuple[list[Places], int]:
    """Points of each bin and the base, all whole, nearest to what they stand for.

    A characteristic's points may be shifted against the base before they are rounded: the shift is taken that leaves
    the least squared error over its rows, and the last one such that the base is whole by itself.
    """
    costs = np.array([[_rounding(v + s, n) for s in SHIFTS] for v, n in zip(values, sizes, strict=True)])
    shifts = SHIFTS[costs.argmin(axis=1)]
    # What each alone would have to be for the base to be whole, and what that costs.
    needed = [((base - shifts.sum() + shift + 0.5) % 1) - 0.5 for shift in shifts]
    dearer = [_rounding(v + s, n) for v, n, s in zip(values, sizes, needed, strict=True)] - costs.min(axis=1)
    last = int(np.argmin(dearer))
    shifts[last] = needed[last]
    return [np.rint(v + s).astype(np.intp) for v, s in zip(values, shifts, strict=True)], round(base - shifts.sum())


def _rounding(values: Vector, sizes: Vector) -> float:
    return float(((np.rint(values) - values) ** 2 * sizes).sum())


def _folds(draw: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Ways to part the cases; of few cases several, lest the card hang on how one fell."""
    return [draw // FOLDS**k % FOLDS for k in range(PARTINGS if len(draw) < MANY_ROWS else 1)]


def _shaped(
    fine: Sequence[Fine], y: Labels, folds: Sequence[npt.NDArray[np.int64]], options: Options
) -> tuple[list[Options], Matrix]:
    """Of every column the options with the shapes that its bins may have, and the weights by the bins of other cases.

    A peak or a valley needs its column to tell unseen cases apart better than monotone bins do, by CLEAR
    standard errors; together they also have to serve the scorecard, whose other columns may have told as much.
    """
    plain = _unseen_weights(fine, y, folds, options)
    shapes, weights = [options] * len(fine), plain.copy()
    lost = [_losses_alone(plain[:, j], y) for j in range(len(fine))]
    for shape in SHAPES:
        freer = replace(options, **shape)
        others = _unseen_weights(fine, y, folds, freer)
        for j in np.flatnonzero((others != plain).any(axis=0)):
            theirs = _losses_alone(others[:, j], y)
            gain = lost[j] - theirs
            if gain.mean() > CLEAR * gain.std() * np.sqrt(options.rows_per_case / len(gain)):
                shapes[j], weights[:, j], lost[j] = freer, others[:, j], theirs
    if np.array_equal(plain, weights):
        return shapes, plain
    before, after = (_unseen_losses(of, y, folds[0], options).mean() for of in (plain, weights))
    return (shapes, weights) if after < before else ([options] * len(fine), plain)


def _losses_alone(weights: Vector, y: Labels) -> Vector:
    """Log loss of every row by one characteristic."""
    return log_loss_of(logit(y.mean()) - weights, y)


def _unseen_weights(
    fine: Sequence[Fine], y: Labels, folds: Sequence[npt.NDArray[np.int64]], options: Options
) -> Matrix:
    """Of every row by the bins of other cases, averaged over the ways to part them."""
    total, n = np.zeros((len(y), len(fine)), order="F"), 0
    for fold in folds:
        parts = np.unique(fold)
        if len(parts) < 2 and n:
            continue
        n += 1
        for part in parts:
            unseen, others = np.flatnonzero(fold == part), np.flatnonzero(fold != part)
            if not others.size or y[others].all() or not y[others].any():
                continue
            for j, one in enumerate(fine):
                bins = Coarse.fit(one, y, options, others)
                total[unseen, j] += bins.woe[bins.of_code[one.codes[unseen]]]
    return total / n


def _unseen_losses(
    weights: Matrix, y: Labels, fold: npt.NDArray[np.int64], options: Options, penalty: Penalty = SPARSE
) -> Vector:
    """Log loss of every row by a regression on the other cases."""
    losses = np.zeros(len(y))
    for part in np.unique(fold):
        unseen = fold == part
        if y[~unseen].all() or not y[~unseen].any():
            losses[unseen] = log_loss_of(np.full(unseen.sum(), logit(y.mean())), y[unseen])
            continue
        intercept, coefficients = fit_signed(weights[~unseen], y[~unseen], penalty, rows_per_case=options.rows_per_case)
        losses[unseen] = log_loss_of(intercept - weights[unseen] @ coefficients, y[unseen])
    return losses
