"""When customers bought, in the three numbers that purchase models need: x, t_x and T (Schmittlein et al. 1987)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

HIGHEST_CODE = 2**20  # of whole numbers that are packed as they are, three of which an int64 holds


@dataclass(frozen=True)
class Histories:
    """Customers by what they did after their first purchase; arrays of one length, times in any one unit.

    `x` repeat purchases, the last of them `t_x` after the first purchase (0 where there are none), `age` from the first
    purchase until today: the papers' T. `weight` is how many customers share the row.
    """

    x: Vector
    t_x: Vector
    age: Vector
    weight: Vector = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        values = {name: np.asarray(getattr(self, name), dtype=np.float64) for name in ("x", "t_x", "age")}
        weight = np.asarray(self.weight, dtype=np.float64)
        values["weight"] = weight if weight.size else np.ones(values["x"].shape)
        if len({value.shape for value in values.values()}) > 1 or values["x"].ndim != 1:
            raise ValueError("x, t_x, age and weight are arrays of one length")
        for name, value in values.items():
            if not np.isfinite(value).all() or (value < 0).any():
                raise ValueError(f"{name} holds values that are negative, missing or infinite")
            object.__setattr__(self, name, value)
        if (self.t_x > self.age).any():
            raise ValueError("t_x is after today (t_x > age)")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> Histories:
        """Some of the rows."""
        return Histories(self.x[rows], self.t_x[rows], self.age[rows], self.weight[rows])

    @property
    def n_customers(self) -> float:
        """Customers, by weight."""
        return float(self.weight.sum())

    @property
    def n_repeat_buyers(self) -> float:
        """Customers with a repeat purchase, by weight."""
        return float(self.weight[self.x > 0].sum())

    def distinct(self) -> Histories:
        """One row per distinct history, with the summed weight: all that a likelihood depends on."""
        first, of = distinct_rows(self.x, self.t_x, self.age)
        weight = np.bincount(of, self.weight).astype(np.float64)
        return Histories(self.x[first], self.t_x[first], self.age[first], weight)

    def rounded(self) -> Histories:
        """Times to whole units, so that fewer histories are distinct."""
        return Histories(self.x, np.round(self.t_x), np.round(self.age), self.weight)

    def in_units_of(self, unit: float) -> Histories:
        """The same with times divided by `unit`."""
        return Histories(self.x, self.t_x / unit, self.age / unit, self.weight)


def distinct_rows(*columns: Vector) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where each distinct row stands first, and for every row the place of its like among those."""
    packed, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        codes, many = _codes(column)
        if size > np.iinfo(np.int64).max // many:
            found, packed = np.unique(packed, return_inverse=True)
            size = len(found)
        packed, size = packed * many + codes, size * many
    found, of = np.unique(packed, return_inverse=True)
    first = np.empty(len(found), dtype=np.intp)
    first[of[::-1]] = np.arange(len(of))[::-1]  # what is written last stays
    return first, of


def _codes(column: Vector) -> tuple[npt.NDArray[np.int64], int]:
    """A number from 0 on for each distinct value, below the second result; whole days and counts are their own."""
    highest = column.max(initial=0)
    if column.min(initial=0) >= 0 and highest < HIGHEST_CODE:
        codes = column.astype(np.int64)
        if (codes == column).all():
            return codes, int(highest) + 1
    found, codes = np.unique(column, return_inverse=True)
    return codes, len(found)
