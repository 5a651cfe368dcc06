"""The loans a credit model learns from: customers at snapshots, whether they defaulted, and what was known of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.feature_table import Feature, Matrix, as_numbers, learnable, matrix
from clientele.ml.periods import draw_of

KEYS = ("customer_id", "snapshot_date", "is_default")
EMOTION = "emotion_"  # the prefix of what only the shadow may read
FEWEST_ROWS, FEWEST_SHARE, MOST_CATEGORIES = 10, 0.005, 200  # of a category that is told from the others


@dataclass(frozen=True)
class Loans:
    """Rows with a known outcome; `x` is (rows, features), `case` numbers the customers, `draw` is by them.

    `left_out` says of characteristics why nothing can be learnt from them.
    """

    table: pa.Table
    x: Matrix
    y: npt.NDArray[np.bool_]
    features: list[Feature]
    days: npt.NDArray[np.datetime64]
    draw: npt.NDArray[np.int64]
    case: npt.NDArray[np.intp]
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table) -> Loans:
        """From rows with customer_id, snapshot_date, is_default and the characteristics."""
        customers = table["customer_id"].to_pylist()
        features, left_out = characteristics(table, learnable(table.schema, KEYS))
        return cls(
            table,
            matrix(table, features),
            as_numbers(table["is_default"]) > 0,
            features,
            table["snapshot_date"].to_numpy().astype("datetime64[D]"),
            draw_of(customers),
            np.unique(np.array(customers, dtype=object).astype(str), return_inverse=True)[1],
            left_out,
        )

    @property
    def fold(self) -> npt.NDArray[np.int64]:
        """A number from 0 to 5 by the customer."""
        return self.draw % 6

    @property
    def dates(self) -> list[date]:
        """The snapshots, ascending."""
        found: list[date] = np.unique(self.days).tolist()
        return found

    def n_cases(self, mask: npt.NDArray[Any]) -> int:
        """How many customers some rows are of."""
        return len(np.unique(self.case[mask]))

    def reading(self, *, emotion: bool) -> Loans:
        """The same rows without the characteristics that tell of emotions, or with them."""
        kept = [j for j, one in enumerate(self.features) if emotion or not one.name.startswith(EMOTION)]
        left_out = {n: why for n, why in self.left_out.items() if emotion or not n.startswith(EMOTION)}
        features = [self.features[j] for j in kept]
        return Loans(self.table, self.x[:, kept], self.y, features, self.days, self.draw, self.case, left_out)

    def knows_emotion(self) -> npt.NDArray[np.bool_]:
        """The rows of which some emotion is known."""
        at = [j for j, one in enumerate(self.features) if one.name.startswith(EMOTION)]
        return np.asarray((~np.isnan(self.x[:, at])).any(axis=1), dtype=np.bool_)


def characteristics(table: pa.Table, names: Iterable[str]) -> tuple[list[Feature], dict[str, str]]:
    """The columns that something can be learnt from, and of the others why not."""
    chosen, left_out = [], dict[str, str]()
    for name in names:
        column = table[name]
        if column.null_count == len(column):
            left_out[name] = "all missing"
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            counts = {row["values"].as_py(): row["counts"].as_py() for row in column.drop_null().value_counts()}
            fewest = max(FEWEST_ROWS, FEWEST_SHARE * len(column))
            often = sorted((value for value, n in counts.items() if n >= fewest), key=lambda v: (-counts[v], v))
            if not often:
                left_out[name] = f"no category has {fewest:.0f} rows"
            elif len(counts) == 1 and not column.null_count:
                left_out[name] = "one value only"
            else:
                chosen.append(Feature(name, tuple(often[:MOST_CATEGORIES])))
        else:
            values = as_numbers(column)
            known = values[~np.isnan(values)]
            if not known.size:
                left_out[name] = "all missing"
            elif known.min() == known.max() and known.size == values.size:
                left_out[name] = "one value only"
            else:
                chosen.append(Feature(name))
    return chosen, left_out
