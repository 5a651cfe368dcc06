"""Whether two ways of calculating gave the same rows: floats to 1e-9 of their size, all else exactly."""

from __future__ import annotations

import duckdb

KEY = ("customer_id", "snapshot_date")
# Say which code made a row and what it could see, not what the customer did.
PROVENANCE = {"feature_version", "lake_batch"}


def differing(con: duckdb.DuckDBPyConnection, left: str, right: str) -> dict[str, int]:
    """Column -> number of rows in which two relations differ; ``rows`` for keys that only one of them has.

    Raises ValueError if they do not have the same columns with the same types.
    """
    columns = _described(con, left)
    if columns != _described(con, right):
        moved = set(columns.items()) ^ set(_described(con, right).items())
        raise ValueError(f"{left} and {right} differ in columns or types: {sorted(moved) or 'their order'}")
    counts = {"rows": f"count(*) filter (where l.{KEY[0]} is null or r.{KEY[0]} is null)"}
    for name, kind in columns.items():
        if name not in PROVENANCE and name not in KEY:
            counts[name] = f"count(*) filter (where {_differs(name, kind)})"
    row = con.execute(
        f"select {', '.join(counts.values())} from {left} as l full join {right} as r"
        f" on {' and '.join(f'l.{name} = r.{name}' for name in KEY)}"
    ).fetchone()
    assert row is not None
    return {name: count for name, count in zip(counts, row, strict=True) if count}


def _described(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe select * from {relation}").fetchall()}


def _differs(name: str, kind: str) -> str:
    if kind in ("DOUBLE", "FLOAT"):
        size = f"greatest(1, abs(l.{name}), abs(r.{name}))"
        return f"(l.{name} is null) <> (r.{name} is null) or abs(l.{name} - r.{name}) > 1e-9 * {size}"
    return f"l.{name} is distinct from r.{name}"
