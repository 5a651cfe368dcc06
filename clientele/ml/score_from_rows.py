"""Score and probability of default from the rows of a scorecard alone, as the warehouse has them in SQL.

A number belongs to the bin with lower <= value < upper, null and NaN to the one of missing. A category belongs to the
bin that names it, any other to the one of other categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.binning import MISSING, OTHER
from clientele.ml.feature_table import as_numbers
from clientele.ml.scorecard import Scaling

Rows = Sequence[Mapping[str, Any]]


def score(rows: Rows, table: pa.Table | pa.RecordBatch) -> npt.NDArray[np.int64]:
    """The score of each row of a table with the characteristics as columns. Raises KeyError where one is lacking."""
    total = np.full(table.num_rows, int(rows[0]["base_points"]), dtype=np.int64)
    for name, of in groupby(rows, key=lambda row: row["characteristic"]):
        total += points(list(of), table, name)
    return total


def points(rows: Rows, table: pa.Table | pa.RecordBatch, name: str) -> npt.NDArray[np.int64]:
    """The points of each row of a table for one characteristic, whose rows these are."""
    by_bin = {row["bin"]: int(row["points"]) for row in rows}
    if OTHER in by_bin:
        of = {category: by_bin[row["bin"]] for row in rows for category in row["categories"] or []}
        of[None] = by_bin[MISSING]
        values = table.column(name).cast(pa.string()).to_pylist()
        return np.array([of.get(value, by_bin[OTHER]) for value in values], dtype=np.int64)
    values = as_numbers(table.column(name))
    known = sorted((row for row in rows if row["bin"] >= 0), key=lambda row: row["bin"])
    edges = np.array([row["lower"] for row in known[1:]], dtype=np.float64)
    out = np.array([row["points"] for row in known], dtype=np.int64)[
        np.searchsorted(edges, values, side="right") % len(known)
    ]
    return np.where(np.isnan(values), by_bin[MISSING], out)


def probability(rows: Rows, scores: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Probability of default at each score, by the constants on the rows."""
    first = rows[0]
    return Scaling(first["target_score"], first["target_odds"], first["pdo"]).probability(scores)


def score_range(rows: Rows) -> tuple[int, int]:
    """The lowest and the highest score that the rows can give."""
    per = [[int(row["points"]) for row in of] for _, of in groupby(rows, key=lambda row: row["characteristic"])]
    base = int(rows[0]["base_points"])
    return base + sum(map(min, per)), base + sum(map(max, per))
