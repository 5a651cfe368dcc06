"""Arrow batches of features into matrices: numbers as they are, categories as codes, both with NaN for missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Matrix = npt.NDArray[np.float64]

MOST_CATEGORIES = 20  # of one column; rarer ones count as "other"
FEWEST_ROWS = 30  # of a category; a smaller one says more about its rows than about the category


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    `categories` is empty for a number. A category has its place there as code, any other value the code after the last.
    """

    name: str
    categories: tuple[str, ...] = ()

    @property
    def is_category(self) -> bool:
        """Whether the values are codes without an order."""
        return bool(self.categories)

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return asdict(self) | {"categories": list(self.categories)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Feature:
        """The feature that `to_state` gave."""
        return cls(state["name"], tuple(state["categories"]))


def choose_features(table: pa.Table, names: Iterable[str]) -> list[Feature]:
    """The columns that hold something to learn from: not all null, more than one value."""
    chosen = []
    for name in names:
        column = table[name]
        if _is_text(column.type):
            counts = column.drop_null().value_counts()
            pairs = sorted(
                ((row["counts"].as_py(), row["values"].as_py()) for row in counts), key=lambda pair: (-pair[0], pair[1])
            )
            kept = tuple(value for n, value in pairs[:MOST_CATEGORIES] if n >= FEWEST_ROWS)
            if kept and (len(pairs) > 1 or column.null_count):
                chosen.append(Feature(name, kept))
        else:
            values = as_numbers(column)
            finite = values[~np.isnan(values)]
            if finite.size and (finite.min() < finite.max() or finite.size < values.size):
                chosen.append(Feature(name))
    return chosen


def learnable(schema: pa.Schema, keys: Iterable[str]) -> list[str]:
    """The columns that can be learnt from: numbers, flags and texts that are no `keys`."""
    return [
        field.name
        for field in schema
        if field.name not in keys and not pa.types.is_temporal(field.type) and not pa.types.is_nested(field.type)
    ]


def matrix(table: pa.Table | pa.RecordBatch, features: list[Feature]) -> Matrix:
    """One row per row of `table`, one column per feature, float64; column-major, as it is filled and read by column.

    Raises KeyError with the name of a feature that the table lacks.
    """
    out = np.empty((table.num_rows, len(features)), dtype=np.float64, order="F")
    for position, feature in enumerate(features):
        if feature.name not in table.schema.names:
            raise KeyError(f"the table has no column {feature.name}, which the model was fitted on")
        column = table.column(feature.name)
        out[:, position] = _codes(column, feature) if feature.is_category else as_numbers(column)
    return out


def as_numbers(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float64]:
    """Any numeric, decimal or boolean column as float64 with NaN for null."""
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    column = pc.cast(column, pa.float64(), safe=False)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    values = column.to_numpy(zero_copy_only=False)
    if not column.null_count:
        return values
    values = values.copy()
    values[np.asarray(pc.is_null(column))] = np.nan
    return values


def _codes(column: pa.ChunkedArray | pa.Array, feature: Feature) -> npt.NDArray[np.float64]:
    places = pc.index_in(column.cast(pa.string()), value_set=pa.array(feature.categories, pa.string()))
    codes = as_numbers(pc.fill_null(places, len(feature.categories)))
    if column.null_count:
        codes = codes.copy()
        codes[np.asarray(pc.is_null(column))] = np.nan
    return codes


def _is_text(type_: pa.DataType) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_dictionary(type_)
