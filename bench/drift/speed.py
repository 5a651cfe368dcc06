"""Seconds for 2 x 1 M rows x 30 columns: all rows in SQL, all rows by Evidently, and Evidently's sample."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import duckdb

from bench.drift.page import Options, Section
from clientele.monitoring import exact, sampled
from clientele.monitoring.subjects import Column

ROWS, NUMBERS, TEXTS = 1_000_000, 25, 5
DAY = date(2026, 1, 1)


def measure(options: Options) -> Section:
    """Time each way once after another, in one process; Evidently's import is counted apart."""
    rows = [["what", "rows", "seconds"]]
    with duckdb.connect() as connection:
        columns = _tables(connection)
        options.say("made")
        days = exact.Days(DAY, DAY, 1, ROWS, ROWS)
        for number in (1, 2, 3):
            began = time.monotonic()
            reference = exact.learn(connection, "select * from reference", columns, days)
            compared = exact.compare(connection, reference, "select * from snapshot")
            for comparison in compared:
                exact.psi(comparison.reference.counts, comparison.current.counts)
            rows.append([f"PSI, null rates and categories in SQL, time {number}", "2 x 1,000,000", _since(began)])
        began = time.monotonic()
        import evidently.metrics  # noqa: F401

        rows.append(["import of Evidently", "", _since(began)])
        for n in (options.settings.drift_sample_rows, ROWS):
            began = time.monotonic()
            drawn = sampled.samples(
                connection, reference="select * from reference", current="select * from snapshot", columns=columns,
                newest=DAY, rows=n, seed=options.seed,
            )  # fmt: skip
            rows.append([f"drawing {n:,} rows by hash", f"2 x {n:,}", _since(began)])
            began = time.monotonic()
            for sample in drawn:
                sampled.measure(sample)
            rows.append(["Evidently's measures, column by column", f"2 x {n:,}", _since(began)])
            began = time.monotonic()
            sampled._report(drawn, {column.name: 0.1 for column in columns})
            rows.append(["Evidently's HTML report of all columns", f"2 x {n:,}", _since(began)])
            options.say(f"{n:,} rows")
    return Section(
        "speed",
        "Seconds",
        f"Synthetic tables of {NUMBERS} numbers (two in five 0) and {TEXTS} texts of 8 to 28 categories.",
        [rows],
    )


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f}"


def _tables(connection: duckdb.DuckDBPyConnection) -> list[Column]:
    numbers = [
        f"case when hash(i * 31 + {k}) % 10 < 4 then 0 else ln(1 + (hash(i * 77 + {k}) % 1000000) / 1000.0) end as n{k}"
        for k in range(NUMBERS)
    ]
    texts = [f"'category ' || (hash(i * 13 + {k}) % {8 + 5 * k}) as t{k}" for k in range(TEXTS)]
    for place, table in enumerate(("reference", "snapshot")):
        connection.execute(
            f"create table {table} as select 'c' || i as customer_id, date '{DAY}' as snapshot_date,"
            f" {', '.join([*numbers, *texts])} from range({place * ROWS}, {(place + 1) * ROWS}) as t(i)"
        )
    made: list[Any] = [Column(f"n{k}", "numeric", is_float=True) for k in range(NUMBERS)]
    return [*made, *(Column(f"t{k}", "category") for k in range(TEXTS))]
