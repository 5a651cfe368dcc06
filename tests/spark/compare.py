"""Whether two relations hold the same rows: floats to 1e-9 of their size, everything else exactly."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

FLOATS = {"DOUBLE", "FLOAT"}
NUMBERS = FLOATS | {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}


@dataclass(frozen=True)
class Comparison:
    """What was compared, and in what the two sides differ; the same if in nothing."""

    rows: int
    columns: int
    differences: tuple[str, ...]


def compare(con: duckdb.DuckDBPyConnection, left: str, right: str, ignored: Collection[str] = ()) -> Comparison:
    """Compare names, types and rows of two relations of a connection, but for the ignored columns."""
    lefts, rights = _types(con, left, ignored), _types(con, right, ignored)
    rows, others = (con.execute(f"select count(*) from {relation}").fetchall()[0][0] for relation in (left, right))
    found = [f"{name}: only on the left" for name in lefts if name not in rights]
    found += [f"{name}: only on the right" for name in rights if name not in lefts]
    found += [f"{name}: {kind} and {rights[name]}" for name, kind in lefts.items() if rights.get(name, kind) != kind]
    if rows != others:
        found.append(f"{rows} and {others} rows")
    if not found:
        found = _rows(con, left, right, lefts)
    return Comparison(rows, len(lefts), tuple(found))


def _types(con: duckdb.DuckDBPyConnection, relation: str, ignored: Collection[str]) -> dict[str, str]:
    described = con.execute(f"describe {relation}").fetchall()
    return {name: kind for name, kind, *_ in described if name not in ignored}


def _rows(con: duckdb.DuckDBPyConnection, left: str, right: str, types: dict[str, str]) -> list[str]:
    """The differences of two relations with the same columns and as many rows."""
    exact = [_quoted(name) for name, kind in types.items() if kind not in FLOATS]
    floats = [_quoted(name) for name, kind in types.items() if kind in FLOATS]
    if exact:
        columns = ", ".join(exact)
        query = f"select count(*) from (select {columns} from {left} except all select {columns} from {right})"
        moved = con.execute(query).fetchall()[0][0]
        if moved:
            return [f"{moved} rows differ", *_aggregates(con, left, right, types)]
    if not floats:
        return []
    # Both sides hold the same exact values, so that sorted by them (and by floats where those tie) they pair up.
    order = ", ".join(exact + floats)
    sides = [f"(select *, row_number() over (order by {order}) as pair from {side})" for side in (left, right)]
    tests = ", ".join(
        # DuckDB holds NaN for greater than all numbers: asked the other way round it would pass.
        f"count(*) filter (where l.{name} is distinct from r.{name} and not coalesce("
        f"abs(l.{name} - r.{name}) <= 1e-12 + 1e-9 * least(abs(l.{name}), abs(r.{name})), false))"
        for name in floats
    )
    counts = con.execute(
        f"select {tests} from {sides[0]} as l inner join {sides[1]} as r on l.pair = r.pair"
    ).fetchall()[0]
    return [f"{name}: {n} rows differ" for name, n in zip(floats, counts, strict=True) if n]


def _aggregates(con: duckdb.DuckDBPyConnection, left: str, right: str, types: dict[str, str]) -> list[str]:
    """The columns in which sums, nulls, or first and last values differ: where to look."""
    found = []
    for column, kind in types.items():
        name = _quoted(column)
        is_number = kind in NUMBERS or kind.startswith("DECIMAL")
        measured = f"sum({name}) as total" if is_number else f"min({name}) as first, max({name}) as last"
        query = f"select count(*) - count({name}) as nulls, {measured} from"
        values = [con.execute(f"{query} {relation}").fetchall()[0] for relation in (left, right)]
        if values[0] != values[1] and kind not in FLOATS:
            found.append(f"{column}: nulls and {'sum' if is_number else 'range'} {values[0]} and {values[1]}")
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
