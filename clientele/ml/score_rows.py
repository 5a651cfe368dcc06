"""Rows of scores as typed Arrow batches: what a model said of each customer, by which version, in which run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Score = Callable[[pa.RecordBatch], pa.RecordBatch]

_OF_VERSION = ("model_name", "algorithm", "model_version")
_OF_RUN = ("feature_version", "run_id", "scored_at")

STAMP = [
    ("model_name", pa.string()),
    ("algorithm", pa.string()),
    ("model_version", pa.string()),
    ("feature_version", pa.string()),
    ("run_id", pa.string()),
    ("scored_at", pa.timestamp("us")),
]


def by_day(scorer: Callable[[Mapping[str, Any]], Score], run: Mapping[str, Any]) -> Score:
    """Scores batches that hold several snapshots, each day by a scorer of its own.

    `scorer` takes the row of ml_run with the day's snapshot_date. Rows come back day by day.
    """
    made: dict[date, Score] = {}

    def score(batch: pa.RecordBatch) -> pa.RecordBatch:
        dates, parts = batch.column("snapshot_date"), []
        for day in pc.unique(dates).to_pylist():
            if day not in made:
                made[day] = scorer({**run, "snapshot_date": day})
            parts.append(made[day](batch.filter(pc.equal(dates, pa.scalar(day, dates.type)))))
        whole = pa.Table.from_batches(parts).combine_chunks().to_batches()
        return whole[0] if whole else parts[0]

    return score


def stamped(
    columns: Mapping[str, Any], schema: pa.Schema, *, version: Mapping[str, Any], run: Mapping[str, Any]
) -> pa.RecordBatch:
    """A batch of `schema` from its own columns (one at least) and those of STAMP.

    `version` is the row of the champion, `run` the row of ml_run. NaN, NaT and None become null.
    """
    constant = {name: version[name] for name in _OF_VERSION} | {name: run[name] for name in _OF_RUN}
    n = len(next(iter(columns.values())))
    arrays = [
        pa.repeat(pa.scalar(constant[field.name], field.type), n)
        if field.name in constant
        else _typed(columns[field.name], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _typed(column: Any, type_: pa.DataType) -> pa.Array:
    return column.cast(type_) if isinstance(column, pa.Array) else pa.array(column, type_, from_pandas=True)
