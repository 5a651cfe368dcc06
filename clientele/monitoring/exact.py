"""Drift over all rows, in SQL, of all columns at once: PSI, the difference of null rates, the share of new categories.

Three scans whatever the number of columns: quantiles of the reference, then counts of each side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb

from clientele.monitoring.subjects import Column

BINS = 10  # by quantiles of the reference, the custom of PSI
LEAST_SHARE = 1e-4  # stands for an empty bin, whose logarithm is infinite
# A category of less than this share of the reference is counted with the others of its kind.
RARE_SHARE = 0.005
MOST_CATEGORIES = 10_000  # of one column; beyond, its values are rather names than categories
FEWEST_ROWS = 30  # that a share is computed of


@dataclass
class Side:
    """One column on one side: rows, those without a value, and rows per bin, numbered from 0, or per category."""

    n: int = 0
    n_null: int = 0
    counts: dict[Any, int] = field(default_factory=dict)

    @property
    def null_rate(self) -> float:
        """Share of rows without a value; 0 where there are no rows."""
        return self.n_null / self.n if self.n else 0.0


@dataclass
class Comparison:
    """One column on both sides.

    `edges` are upper bounds of a number's bins, the last open. `n_independent` counts a customer of the reference once,
    whatever the number of days.
    """

    column: Column
    reference: Side
    current: Side
    edges: list[float]
    n_independent: float
    has_too_many_categories: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the reference holds one value, or none."""
        return sum(1 for count in self.reference.counts.values() if count) <= 1


@dataclass(frozen=True)
class Days:
    """The days of a reference."""

    first: date
    last: date
    n: int
    rows: int
    customers: int


def days_of(connection: duckdb.DuckDBPyConnection, relation: str) -> Days | None:
    """The days of a SELECT with customer_id and snapshot_date; None where it has no rows."""
    row = connection.execute(
        "select min(snapshot_date), max(snapshot_date), count(distinct snapshot_date), count(*),"
        f" count(distinct customer_id) from ({relation})"
    ).fetchall()[0]
    return Days(*row) if row[3] else None


@dataclass(frozen=True)
class Reference:
    """What a snapshot is compared with: bin edges by name, and counts by bin of each column.

    `crowded` are the texts of too many values to be categories.
    """

    columns: tuple[Column, ...]
    days: Days
    edges: Mapping[str, list[float]]
    crowded: frozenset[str]
    sides: Mapping[str, Side]


def learn(connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], days: Days) -> Reference:
    """The reference of columns from a SELECT with snapshot_date and the columns, in two scans."""
    edges, crowded = _edges(connection, relation, columns, days.last)
    wanted = [column for column in columns if column.name not in crowded]
    sides = _sides(connection, relation, wanted, edges, newest=days.last)
    return Reference(tuple(columns), days, edges, frozenset(crowded), sides)


def compare(connection: duckdb.DuckDBPyConnection, reference: Reference, relation: str) -> list[Comparison]:
    """All columns of a SELECT against their reference, in one scan; in the order of the reference's columns."""
    wanted = [column for column in reference.columns if column.name not in reference.crowded]
    current = _sides(connection, relation, wanted, reference.edges, newest=None)
    return [
        Comparison(
            column,
            side := reference.sides.get(column.name, Side()),
            current.get(column.name, Side()),
            reference.edges.get(column.name, []),
            n_independent=side.n * (reference.days.customers / reference.days.rows if column.is_pooled else 1),
            has_too_many_categories=column.name in reference.crowded,
        )
        for column in reference.columns
    ]


def bin_edges(quantiles: Sequence[float], lowest: float) -> list[float]:
    """Upper bounds of bins from quantiles that may be tied.

    Where many rows share the lowest value, a bound just below it gives what falls beneath a bin of its own, so that
    also a constant column can be seen to move either way.
    """
    bounds = sorted(set(quantiles))
    return [math.nextafter(lowest, -math.inf), *bounds] if bounds and bounds[0] <= lowest else bounds


def psi(reference: Mapping[Any, int], current: Mapping[Any, int]) -> float:
    """Population stability index of two counts by bin: sum of (c - r) ln(c / r) over the shares r and c.

    Shares .5 and .5 against .6 and .4 give .1 ln 1.2 - .1 ln .8 = .0405. An empty bin counts as LEAST_SHARE.
    """
    n, m = sum(reference.values()), sum(current.values())
    total = 0.0
    for key in sorted(set(reference) | set(current)):
        r, c = (max(counts.get(key, 0) / rows, LEAST_SHARE) for counts, rows in ((reference, n), (current, m)))
        total += (c - r) * math.log(c / r)
    return total


def categories_pooled(
    reference: Mapping[str, int], current: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """Counts by category with the rare ones of the reference as one, and the new ones as another."""
    n = sum(reference.values())

    def name(value: str) -> str:
        if value not in reference:
            return "new categories"
        return value if reference[value] >= RARE_SHARE * n else "rare categories"

    return _summed(reference, name), _summed(current, name)


def new_category_share(reference: Mapping[str, int], current: Mapping[str, int]) -> tuple[float, list[str]]:
    """Share of the current rows whose value the reference has not, and these values, the most frequent first."""
    new = {value: count for value, count in current.items() if count and not reference.get(value)}
    return sum(new.values()) / max(sum(current.values()), 1), sorted(new, key=lambda value: (-new[value], value))


def _summed(counts: Mapping[str, int], name: Any) -> dict[str, int]:
    out: dict[str, int] = {}
    for value, count in counts.items():
        out[name(value)] = out.get(name(value), 0) + count
    return out


def _edges(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], newest: date
) -> tuple[dict[str, list[float]], set[str]]:
    """Bin edges of the numbers by name, and the names of texts of too many values."""
    steps = [step / BINS for step in range(1, BINS)]
    parts = []
    for column in columns:
        scope = _scope(column, newest)
        if column.column_type == "numeric":
            parts += [f"quantile_disc({column.sql}, {steps}){scope}", f"min({column.sql}){scope}"]
        else:
            parts += [f"approx_count_distinct({column.sql}){scope}", "null"]
    row = connection.execute(f"select {', '.join(parts)} from ({relation})").fetchall()[0] if parts else ()
    edges, crowded = dict[str, list[float]](), set[str]()
    for column, first, lowest in zip(columns, row[::2], row[1::2], strict=True):
        if column.column_type != "numeric":
            crowded |= {column.name} if first > MOST_CATEGORIES else set()
        elif lowest is not None:
            edges[column.name] = bin_edges(first, lowest)
    return edges, crowded


def _sides(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[Column],
    edges: Mapping[str, list[float]],
    newest: date | None,
) -> dict[str, Side]:
    """One scan: rows, values and counts by bin of each column. `newest` narrows columns that are not pooled."""
    parts = []
    for column in columns:
        scope = _scope(column, newest)
        parts += [f"count(*){scope}", f"count({column.sql}){scope}", f"{_histogram(column, edges)}{scope}"]
    if not parts:
        return {}
    row = connection.execute(f"select {', '.join(parts)} from ({relation})").fetchall()[0]
    return {
        column.name: Side(n, n - n_known, _by_bin(counts or {}, edges.get(column.name, [])))
        for column, n, n_known, counts in zip(columns, row[::3], row[1::3], row[2::3], strict=True)
    }


def _histogram(column: Column, edges: Mapping[str, list[float]]) -> str:
    """The aggregate that counts by bin. A reference without values has no bins: all fall into one."""
    if column.column_type != "numeric":
        return f"histogram({column.sql})"
    bounds = ", ".join(repr(edge) for edge in edges.get(column.name, [0.0]))
    return f"histogram({column.sql}, [{bounds}]::double[])"


def _by_bin(counts: Mapping[Any, int], edges: Sequence[float]) -> dict[Any, int]:
    """Counts by number of the bin, where there are edges; else as they are."""
    if not edges:
        return dict(counts)
    place = {edge: number for number, edge in enumerate(edges)}
    return {place.get(upper, len(edges)): count for upper, count in counts.items()}


def _scope(column: Column, newest: date | None) -> str:
    is_narrowed = newest is not None and not column.is_pooled
    return f" filter (where snapshot_date = date '{newest}')" if is_narrowed else ""
