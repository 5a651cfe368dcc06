"""Supervised binning: numbers into bins of monotone risk, categories into groups, each with its weight of evidence.

A number is cut finely by its quantiles first, blind to the outcome, and its fine bins are joined to the likeliest
monotone steps (see steps.py; scorecard.py says when another shape is allowed). Categories are put in the order of their
smoothed rates and joined as well.

Weight of evidence: the log-odds of good in a bin less those of all rows, positive for safer than average. It is
smoothed by as many rows of the average kind as `Options.smoothing` says, so that a bin of nobody has 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import Feature, Matrix
from clientele.ml.steps import Options, best_steps, shaped_steps

Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Labels = npt.NDArray[np.bool_]

MISSING, OTHER = -1, -2  # the bins that are no range: null, and a category that no group names


@dataclass(frozen=True)
class Fine:
    """A column in fine bins, blind to the outcome.

    Ordered ones of a number by ascending `edges`, each the least value of the next bin, then missing; or one a
    category in the order of `feature.categories`, then any other category, then missing.
    """

    feature: Feature
    edges: Vector
    codes: Places

    @property
    def size(self) -> int:
        """How many fine bins there are, without those of other categories and of missing."""
        return len(self.feature.categories) if self.feature.is_category else len(self.edges) + 1

    @property
    def n_codes(self) -> int:
        """All of them."""
        return self.size + 1 + self.feature.is_category

    @classmethod
    def of(cls, values: Vector, feature: Feature, most: int) -> Fine:
        """From a column of a matrix: numbers, or codes of categories; NaN is missing."""
        missing = np.isnan(values)
        edges = np.empty(0) if feature.is_category else _fine_edges(values[~missing], most)
        if feature.is_category:
            codes = np.where(missing, len(feature.categories) + 1, values).astype(np.intp)
        else:
            codes = np.searchsorted(edges, values, side="right")
            codes[missing] = len(edges) + 1
        return cls(feature, edges, codes)


@dataclass(frozen=True)
class Characteristic:
    """A column in its final bins.

    A number's are [edges[k-1], edges[k]); a category's are `groups`. After them comes that of missing and, with a
    category, that of any other: both exist always, and what nobody had has a weight of 0, the average.
    """

    name: str
    edges: Vector
    groups: tuple[tuple[str, ...], ...]
    n: Vector
    n_default: Vector
    woe: Vector
    smoothing: float  # rows of the average kind that each bin was lent

    @property
    def feature(self) -> Feature:
        """As the column of a matrix."""
        return Feature(self.name, tuple(category for group in self.groups for category in group))

    @property
    def size(self) -> int:
        """How many bins there are, without those of missing and other."""
        return len(self.groups) if self.groups else len(self.edges) + 1

    @property
    def is_monotone(self) -> bool:
        """Whether risk only rises or only falls with a number; a category has no order to follow."""
        steps = np.diff(self.woe[: self.size][self.n[: self.size] > 0])
        return bool(self.groups or (steps >= 0).all() or (steps <= 0).all())

    @property
    def iv(self) -> Vector:
        """Information value of each bin."""
        good, bad = self.n - self.n_default, self.n_default
        return (good / max(good.sum(), 1.0) - bad / max(bad.sum(), 1.0)) * self.woe

    def place(self, values: Vector) -> Places:
        """The bin of each value of a column of `matrix(table, [feature])`."""
        missing = np.isnan(values)
        if self.groups:
            of = np.repeat(np.arange(self.size), [len(group) for group in self.groups])
            places = np.append(of, self.size + 1)[np.where(missing, 0, values).astype(np.intp)]
        else:
            places = np.searchsorted(self.edges, values, side="right")
        places[missing] = self.size
        return places


def fine_bins(x: Matrix, features: Sequence[Feature], options: Options) -> list[Fine]:
    """Every column of a matrix in fine bins."""
    return [Fine.of(x[:, j], feature, options.fine) for j, feature in enumerate(features)]


@dataclass(frozen=True)
class Coarse:
    """Final bins over the codes of fine ones: which each code belongs to, and their counts and weights.

    `ends` are the fine bins, in `order`, at which the bins of known values end; missing and other follow, as in
    Characteristic.
    """

    order: Places
    ends: list[int]
    of_code: Places
    n: Vector
    n_default: Vector
    woe: Vector
    smoothing: float

    @classmethod
    def fit(cls, fine: Fine, y: Labels, options: Options, at: Places | slice = slice(None)) -> Coarse:
        """From the rows `at` and their outcomes `y[at]`; True is the default."""
        codes = fine.codes[at]
        n = np.bincount(codes, minlength=fine.n_codes).astype(np.float64)
        bad = np.bincount(codes, y[at], minlength=fine.n_codes).astype(np.float64)
        order, ends = _joined(fine, n[: fine.size], bad[: fine.size], options)
        of = cls._of(fine, order, ends, n, bad, options)
        while (place := None if fine.feature.is_category else _disordered(of)) is not None:
            ends = [*ends[:place], *ends[place + 1 :]]
            of = cls._of(fine, order, ends, n, bad, options)
        return of

    @classmethod
    def _of(cls, fine: Fine, order: Places, ends: list[int], n: Vector, bad: Vector, options: Options) -> Coarse:
        of_code = np.empty(fine.n_codes, dtype=np.intp)
        of_code[order] = np.repeat(np.arange(len(ends)), np.diff([0, *ends]))
        of_code[fine.size :] = [len(ends) + 1, len(ends)][-(fine.n_codes - fine.size) :]
        n, bad = np.bincount(of_code, n).astype(np.float64), np.bincount(of_code, bad).astype(np.float64)
        lent = options.smoothing * options.rows_per_case
        return cls(order, ends, of_code, n, bad, weight_of_evidence(n, bad, lent), lent)

    def named(self, fine: Fine) -> Characteristic:
        """With the bounds or the categories of the bins."""
        names = fine.feature.categories
        members = [self.order[a:b] for a, b in zip([0, *self.ends[:-1]], self.ends, strict=True)]
        return Characteristic(
            fine.feature.name,
            np.empty(0) if names else fine.edges[np.array(self.ends[:-1], dtype=np.intp) - 1],
            tuple(tuple(sorted(names[code] for code in group)) for group in members) if names else (),
            self.n, self.n_default, self.woe, self.smoothing,
        )  # fmt: skip


def weight_of_evidence(n: Vector, bad: Vector, smoothing: float) -> Vector:
    """Log-odds of good in each bin less those of all, with `smoothing` rows of the average kind lent to each.

    With 90 good of 100 in a bin, 800 of 1,000 in all and no smoothing: ln(9) - ln(4) = 0.81.
    """
    all_bad, all_ = max(bad.sum(), 0.5), max(n.sum(), 1.0)
    rate = min(all_bad / all_, 1 - 0.5 / all_)
    lent = max(smoothing, 1e-9)
    return np.log((n - bad + lent * (1 - rate)) / (1 - rate)) - np.log((bad + lent * rate) / rate)


def _disordered(of: Coarse) -> int | None:
    """Of bins of monotone rates, the one whose weight smoothing put furthest out of order with its neighbour's."""
    n, bad, woe = (values[: len(of.ends)] for values in (of.n, of.n_default, of.woe))
    steps = np.diff(bad / np.maximum(n, 1.0))
    if not steps.size or (steps.min() < 0 < steps.max()):
        return None
    wrong = np.diff(woe) * np.sign(steps.sum())
    return int(wrong.argmax()) if wrong.max() > 1e-12 else None


def _joined(fine: Fine, n: Vector, bad: Vector, options: Options) -> tuple[Places, list[int]]:
    """The order of the fine bins, and where in it each final bin ends."""
    if not n.sum() or not 0 < bad.sum() < n.sum():
        return np.arange(fine.size), [fine.size]
    if fine.feature.is_category:
        smoothing = options.smoothing * options.rows_per_case
        rate = (bad + smoothing * bad.sum() / n.sum()) / (n + smoothing)
        order = np.argsort(rate, kind="stable")
        return order, best_steps(n[order], bad[order], np.arange(1, fine.size + 1), options)[0]
    return np.arange(fine.size), shaped_steps(n, bad, options)


def _fine_edges(known: Vector, most: int) -> Vector:
    """Ascending least values of all fine bins but the first: each distinct value one, quantiles where they are many."""
    if not known.size:
        return np.empty(0)
    ascending = np.sort(known)
    is_first = np.append(True, ascending[1:] > ascending[:-1])
    if is_first.sum() <= most:
        distinct = ascending[is_first]
    else:
        distinct = np.unique(ascending[(np.arange(1, most) * len(ascending)) // most])
        distinct = np.append(ascending[0], distinct[distinct > ascending[0]])
    # The bound is the roundest number above the bin's neighbour, which a reader can keep in mind.
    at = np.searchsorted(ascending, distinct[1:], side="left")
    return np.array([_roundest(low, high) for low, high in zip(ascending[at - 1], ascending[at], strict=True)])


def _roundest(low: float, high: float) -> float:
    """The number in (low, high] with the fewest digits: of 1,234.5 to 1,301.2 it is 1,300."""
    if not np.isfinite(low) or not np.isfinite(high):
        return high
    for digits in range(-int(np.floor(np.log10(max(abs(low), abs(high), 1e-300)))) - 1, 18):
        rounded = round(high, digits)
        if rounded > high:
            rounded = round(rounded - 10.0**-digits, digits)
        if low < rounded <= high:
            return float(rounded)
    return high


def as_rows(of: Characteristic) -> list[dict[str, Any]]:
    """One row a bin: its number, label, bounds or categories, counts, weight of evidence and information value."""
    iv = of.iv
    rows = []
    for place in range(len(of.n)):
        bin_ = place if place < of.size else MISSING if place == of.size else OTHER
        bounds = _bounds(of, bin_)
        categories = list(of.groups[bin_]) if of.groups and bin_ >= 0 else None
        rows.append(
            {
                "characteristic": of.name,
                "bin": bin_,
                "label": _label(bin_, bounds, categories),
                "lower": bounds[0],
                "upper": bounds[1],
                "categories": categories,
                "n": int(of.n[place]),
                "n_default": int(of.n_default[place]),
                "smoothing_rows": of.smoothing,
                "woe": float(of.woe[place]),
                "iv": float(iv[place]),
            }
        )
    return rows


def _bounds(of: Characteristic, bin_: int) -> tuple[float | None, float | None]:
    if of.groups or bin_ < 0:
        return None, None
    return (
        float(of.edges[bin_ - 1]) if bin_ > 0 else None,
        float(of.edges[bin_]) if bin_ < len(of.edges) else None,
    )


def _label(bin_: int, bounds: tuple[float | None, float | None], categories: list[str] | None) -> str:
    if bin_ < 0:
        return {MISSING: "missing", OTHER: "other"}[bin_]
    if categories is not None:
        return ", ".join(categories)
    lower, upper = (None if bound is None else f"{bound:,.10g}" for bound in bounds)
    if lower is None:
        return "any" if upper is None else f"below {upper}"
    return f"{lower} or more" if upper is None else f"{lower} to < {upper}"
