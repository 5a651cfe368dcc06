"""The groups of customers by which every forecast is measured beside all of them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import pyarrow as pa

GROUPS = ("customer_type", "country", "frequency_score")


def groupings_of(table: pa.Table | pa.RecordBatch) -> dict[str, npt.NDArray[Any]]:
    """The group of every row, by the name of the grouping, as far as the table has them."""
    return {
        name: table.column(name).cast(pa.string()).fill_null("unknown").to_numpy(zero_copy_only=False)
        for name in GROUPS
        if name in table.schema.names
    }
