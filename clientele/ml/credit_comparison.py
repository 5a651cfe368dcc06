"""How credit models differ on the same customers, with intervals over drawn customers.

A customer is drawn with all its rows, and for all models at once: what is compared is a difference within pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.metrics import ECE_GROUPS

Vector = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

METRICS = ("gini", "ks", "brier", "ece", "expected_to_observed")
DRAWS, LEVEL, MOST_ROWS = 500, 0.95, 50_000
FEWEST = 20  # customers of either outcome, below which the draws say little about others


def compared(
    told: Mapping[str, Vector], y: Labels, case: npt.NDArray[np.intp], *, against: str, seed: int
) -> list[dict[str, Any]]:
    """One row per algorithm, metric and difference: value, lower and upper, n and n_default, message.

    Intervals are those of the draws less what these lie off the value on average: rows that are drawn twice make a
    calibration error larger, and KS too. The value itself has as much of that bias as its rows give it.

    `told` are the probabilities of the same rows by algorithm. A row whose `against` is null holds the metric itself,
    one that names an algorithm how much more it is than that one's. Outcomes of one class give no rows; with fewer than
    FEWEST customers of either, lower and upper are nan and the message says so. The order of the rows is of no matter.
    """
    if y.all() or not y.any():
        return []
    if len(y) > MOST_ROWS:
        at = np.sort(np.random.default_rng(seed).choice(len(y), MOST_ROWS, replace=False))
        told, y, case = {name: p[at] for name, p in told.items()}, y[at], case[at]
    measures = {name: _Measure(p, y) for name, p in told.items()}
    rng, cases = np.random.default_rng(seed), np.unique(case, return_inverse=True)[1]
    n_cases, message = int(cases.max()) + 1, _too_few(y, cases)
    drawn: dict[str, list[Vector]] = {name: [] for name in measures}
    for _ in range(0 if message else DRAWS):
        weight = np.bincount(rng.integers(0, n_cases, n_cases), minlength=n_cases)[cases].astype(np.float64)
        if 0 < weight[y].sum() < weight.sum():
            for name, measure in measures.items():
                drawn[name].append(measure(weight))
    found = {name: measure(np.ones(len(y))) for name, measure in measures.items()}
    rows, many = list[dict[str, Any]](), {name: np.array(of) for name, of in drawn.items()}
    for name in measures:
        rows += _rows(name, None, found[name], many[name], y)
        if name != against and against in measures:
            rows += _rows(name, against, found[name] - found[against], many[name] - many[against], y)
    return [row | {"message": message} for row in rows]


def _too_few(y: Labels, cases: npt.NDArray[np.intp]) -> str | None:
    """Why nothing can be said of other customers than these; None where it can."""
    for outcome, who in ((y, "defaulted"), (~y, "paid back")):
        if (n := len(np.unique(cases[outcome]))) < FEWEST:
            return f"too few to tell: {n} customer{'s' * (n != 1)} {who}, {FEWEST} are needed"
    return None


def _rows(name: str, against: str | None, found: Vector, drawn: Vector, y: Labels) -> list[dict[str, Any]]:
    ends = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    lower, upper = np.full((2, len(METRICS)), np.nan)
    if len(drawn):
        lower, upper = np.quantile(drawn - (drawn.mean(axis=0) - found), ends, axis=0)
        if against is None:
            lower = np.where(np.array(METRICS) == "gini", lower, np.maximum(lower, 0.0))
    counts = {"n": len(y), "n_default": int(y.sum())}
    return [
        {"algorithm": name, "against": against, "metric": metric, "value": float(found[k])}
        | {"lower": float(lower[k]), "upper": float(upper[k])}
        | counts
        for k, metric in enumerate(METRICS)
    ]


class _Measure:
    """The metrics of one model for rows that count as often as their weight says."""

    def __init__(self, probability: Vector, y: Labels) -> None:
        self.order = np.argsort(probability, kind="stable")
        self.p, self.y = probability[self.order], y[self.order].astype(np.float64)
        self.starts = np.flatnonzero(np.append(True, self.p[1:] > self.p[:-1]))
        self.alike = np.diff(np.append(self.starts, len(y)))  # rows of each probability
        groups = np.array_split(np.arange(len(y)), min(ECE_GROUPS, len(y)))
        self.groups = np.array([group[0] for group in groups])

    def __call__(self, weight: Vector) -> Vector:
        weight = weight[self.order]
        bad = np.add.reduceat(weight * self.y, self.starts)
        good = np.add.reduceat(weight, self.starts) - bad
        all_bad, all_good = bad.sum(), good.sum()
        below = np.cumsum(good)
        auc = float((bad * (below - good / 2)).sum() / (all_bad * all_good))
        ks = float(np.abs(np.cumsum(bad) / all_bad - below / all_good).max())
        # Evened over rows of one probability, as in metrics: a group may end between two of them.
        off = np.repeat((self.p[self.starts] * (bad + good) - bad) / self.alike, self.alike)
        total = weight.sum()
        return np.array(
            [
                2 * auc - 1,
                ks,
                (weight * (self.p - self.y) ** 2).sum() / total,
                np.abs(np.add.reduceat(off, self.groups)).sum() / total,
                (weight * self.p).sum() / all_bad,
            ]
        )
