"""The space in which customers are near or far: behaviour on a log scale, each column in standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.feature_table import Feature, Matrix, matrix

WIDEST = 4.0  # standard deviations; further out a rare value would make a segment of a handful of customers
Vector = npt.NDArray[np.float64]


def signed_log(values: Matrix) -> Matrix:
    """log(1 + |v|) with the sign of v: spend and counts are skewed, refunds may be negative. 9 gives 2.303."""
    return np.sign(values) * np.log1p(np.abs(values))


@dataclass(frozen=True)
class Space:
    """One entry of `medians`, `means` and `scales` per column, on the log scale.

    A missing value takes the column's median, so that it pulls a customer towards nobody in particular.
    """

    columns: tuple[str, ...]
    medians: Vector
    means: Vector
    scales: Vector

    @classmethod
    def fit(cls, table: pa.Table, columns: Sequence[str]) -> Space:
        """Learn the scales; a column without two different values is left out.

        Raises KeyError with the name of a column that the table lacks.
        """
        logged = _logged(table, columns)
        told = [j for j in range(len(columns)) if _varies(logged[:, j])]
        medians = np.array([np.nanmedian(logged[:, j]) for j in told])
        filled = _filled(logged[:, told], medians)
        return cls(
            tuple(columns[j] for j in told),
            medians,
            np.array([filled[:, j].mean() for j in range(len(told))]),
            np.array([filled[:, j].std() for j in range(len(told))]),
        )

    def place(self, table: pa.Table | pa.RecordBatch) -> Matrix:
        """Customers in this space: rows x columns, in standard deviations from the mean, at most WIDEST."""
        filled = _filled(_logged(table, self.columns), self.medians)
        return np.clip((filled - self.means) / self.scales, -WIDEST, WIDEST)

    def move(self, points: Matrix, other: Space) -> Matrix:
        """Points of this space as seen in `other`; a column that this one lacks is at the mean there."""
        moved = np.zeros((len(points), len(other.columns)))
        for there, name in enumerate(other.columns):
            if name in self.columns:
                here = self.columns.index(name)
                logged = points[:, here] * self.scales[here] + self.means[here]
                moved[:, there] = (logged - other.means[there]) / other.scales[there]
        return moved

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "columns": list(self.columns),
            "medians": self.medians,
            "means": self.means,
            "scales": self.scales,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Space:
        """The space that `to_state` gave."""
        return cls(tuple(state["columns"]), *(np.asarray(state[name]) for name in ("medians", "means", "scales")))


def _logged(table: pa.Table | pa.RecordBatch, columns: Sequence[str]) -> Matrix:
    values = matrix(table, [Feature(name) for name in columns])
    values[~np.isfinite(values)] = np.nan
    return signed_log(values)


def _varies(values: Vector) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size and known.min() < known.max())


def _filled(logged: Matrix, medians: Vector) -> Matrix:
    return np.where(np.isnan(logged), medians, logged)
