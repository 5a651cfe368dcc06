"""Features as the columns of a linear predictor: few, standardised, none of which the others can stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import FEWEST_ROWS, Feature, Matrix

Vector = npt.NDArray[np.float64]

NUMBER, MISSING = -1, -2  # what a column holds, besides the places of a category
LEAST_OF_ITS_OWN = 0.05  # share of a column's variance that the columns before it must leave unexplained


@dataclass
class Covariates:
    """One column per entry of `owner`, the place of its feature, and `content`.

    A number gives its signed log1p (the median where it is missing) and a flag of being missing; a category a flag per
    value. Columns are held within the range they were fitted on (`low`, `high`), so that a predictor is not carried
    beyond it, and standardised.
    """

    features: list[Feature]
    owner: npt.NDArray[np.int64]
    content: npt.NDArray[np.int64]
    fill: Vector
    low: Vector
    high: Vector
    mean: Vector
    scale: Vector

    @classmethod
    def none(cls) -> Covariates:
        """No columns: what an intercept stands alone with."""
        places, numbers = np.empty(0, np.int64), np.empty(0)
        return cls([], places, places, numbers, numbers, numbers, numbers, numbers)

    @classmethod
    def fit(cls, x: Matrix, features: list[Feature], residual: Vector, *, most: int) -> Covariates:
        """At most `most` columns of `x` (NaN for missing), those first that go with `residual` most.

        `residual` (rows) is what a model without covariates leaves unexplained: its product with a column is the score
        test of that column (Therneau, Grambsch & Fleming 1990). Constant columns, flags of less than FEWEST_ROWS rows
        and columns that those already chosen explain are left out.
        """
        every = cls._every(x, features)
        z = every.columns(x)
        chosen = _independent(z.T @ z / max(len(z), 1), np.abs(z.T @ residual) / max(len(z), 1), most)
        used = sorted({int(every.owner[c]) for c in chosen})
        place = {j: position for position, j in enumerate(used)}
        owner = np.array([place[int(every.owner[c])] for c in chosen], dtype=np.int64)
        numbers = (v[chosen] for v in (every.fill, every.low, every.high, every.mean, every.scale))
        return cls([features[j] for j in used], owner, every.content[chosen], *numbers)

    @classmethod
    def _every(cls, x: Matrix, features: list[Feature]) -> Covariates:
        entries = []
        for j, feature in enumerate(features):
            known = x[~np.isnan(x[:, j]), j]
            fill = float(np.median(known)) if known.size and not feature.is_category else 0.0
            contents = range(len(feature.categories) + 1) if feature.is_category else (NUMBER,)
            for content in (*contents, MISSING):
                column = _column(x[:, j], content, fill)
                if _tells_something(column, is_flag=content != NUMBER):
                    entries.append((j, content, fill, column.min(), column.max(), column.mean(), column.std()))
        if not entries:
            return cls.none()
        owner, content, *rest = (np.array(values) for values in zip(*entries, strict=True))
        return cls(features, owner, content, *rest)

    def columns(self, x: Matrix) -> Matrix:
        """(rows, columns), standardised; `x` has the columns of `features`."""
        out = np.empty((len(x), len(self.owner)), order="F")
        for c in range(len(self.owner)):
            out[:, c] = self._standardised(x, c)
        return out

    def dot(self, x: Matrix, coefficients: Vector) -> Vector:
        """`columns(x) @ coefficients`, without ever holding all columns."""
        out = np.zeros(len(x))
        for c, coefficient in enumerate(coefficients):
            out += coefficient * self._standardised(x, c)
        return out

    def importance(self, coefficients: Vector) -> dict[str, float]:
        """Sum of the sizes of a feature's standardised coefficients."""
        sizes = np.bincount(self.owner, np.abs(coefficients), len(self.features))
        return {feature.name: float(size) for feature, size in zip(self.features, sizes, strict=True)}

    def _standardised(self, x: Matrix, c: int) -> Vector:
        column = _column(x[:, self.owner[c]], int(self.content[c]), float(self.fill[c]))
        return (np.clip(column, self.low[c], self.high[c]) - self.mean[c]) / self.scale[c]

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return vars(self) | {"features": [feature.to_state() for feature in self.features]}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Covariates:
        """The columns that `to_state` gave."""
        return cls(**(state | {"features": [Feature.from_state(feature) for feature in state["features"]]}))


def _column(values: Vector, content: int, fill: float) -> Vector:
    if content == MISSING:
        return np.isnan(values).astype(np.float64)
    if content == NUMBER:
        filled = np.where(np.isnan(values), fill, values)
        return np.sign(filled) * np.log1p(np.abs(filled))
    return (values == content).astype(np.float64)


def _tells_something(column: Vector, *, is_flag: bool) -> bool:
    if is_flag:
        return FEWEST_ROWS <= column.sum() <= len(column) - FEWEST_ROWS
    return bool(len(column) > 1 and column.std() > 1e-9)


def _independent(correlation: Matrix, relevance: Vector, most: int) -> npt.NDArray[np.intp]:
    """Places of columns by relevance, each with LEAST_OF_ITS_OWN of variance that those before it do not explain."""
    chosen: list[int] = []
    for candidate in np.argsort(-relevance, kind="stable"):
        if len(chosen) >= most or not relevance[candidate] > 1e-9:
            break
        shared = correlation[chosen, candidate]
        explained = shared @ np.linalg.solve(correlation[np.ix_(chosen, chosen)], shared) if chosen else 0.0
        if 1 - explained >= LEAST_OF_ITS_OWN:
            chosen.append(int(candidate))
    return np.array(chosen, dtype=np.intp)
