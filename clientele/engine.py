"""Relations in, Arrow out: the same batches from DuckDB and from Spark, so that a model knows neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

BATCH_ROWS = 100_000


def table(relation: Any) -> pa.Table:
    """All rows of a relation (DuckDB) or frame (Spark), for what is known to be bounded."""
    if hasattr(relation, "toArrow"):  # Spark
        return relation.toArrow()
    return relation.to_arrow_table()


def batches(relation: Any, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """The rows in batches of at most `rows`, never all at once where the engine can stream."""
    if hasattr(relation, "toArrow"):
        yield from relation.toArrow().to_batches(max_chunksize=rows)
        return
    for batch in relation.to_arrow_reader(rows):
        yield from pa.Table.from_batches([batch]).to_batches(max_chunksize=rows)


def row(relation: Any) -> dict[str, Any]:
    """The only row of a relation. Raises ValueError where there are none or several."""
    found = table(relation).to_pylist()
    if len(found) != 1:
        raise ValueError(f"one row was expected, {len(found)} came")
    return found[0]


def columns(relation: Any, names: list[str]) -> Any:
    """Some columns of a relation, still as a relation."""
    return relation.select(*names)


def joined(left: Any, right: Any, on: list[str], how: str = "inner") -> Any:
    """Two relations joined where columns of one name are equal, as a relation; `anti` keeps what has no counterpart."""
    return left.join(right, on, how) if hasattr(left, "toArrow") else left.join(right, ", ".join(on), how)


def mapped(
    relation: Any, schema: pa.Schema, change: Callable[[pa.RecordBatch], pa.RecordBatch]
) -> pa.RecordBatchReader:
    """Every batch of a relation changed by a function, as it is asked for; no rows in are no rows out, typed."""
    return pa.RecordBatchReader.from_batches(schema, (change(batch) for batch in batches(relation) if batch.num_rows))
