"""A lifetime of one day more reads what appeared and what was withdrawn: no weakened predicate goes unnoticed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from clientele.contract import Entity, load_contract
from tests.point_in_time import lakes, mutants, warehouse

SNAPSHOT = date(2025, 6, 17)
LIFETIMES = "+int_*_lifetimes"
# Predicates that save work and decide nothing, by the model and the order they stand in: customers are counted anew, or
# looked through, of whom it was not needed, with the same result; what appeared before the day before is left out by
# the next predicate as well; where a last time is not kept apart, whoever has no row left has been counted anew.
BY_COUNTS = {(1, "dropped"), (1, "moved"), (16, "dropped")}
BY_TIMES = {(2, "dropped"), (2, "moved"), (16, "dropped"), (1, "overlooked")}
SAVES_WORK = {
    "int_commerce__category_lifetimes": BY_COUNTS,
    "int_commerce__return_lifetimes": BY_COUNTS,
    "int_commerce__order_lifetimes": {
        *((n, "dropped") for n in (2, 6, 11, 13, 25)), *((n, "moved") for n in (2, 11)),
    },
    "int_engagement__session_lifetimes": BY_TIMES,
    "int_finance__booking_lifetimes": BY_TIMES,
    "int_marketing__touch_lifetimes": BY_TIMES - {(1, "overlooked")} | {(3, "overlooked")},
    "int_success__usage_lifetimes": BY_TIMES,
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A lifetime built from the day before, the same from scratch, and the SQL that dbt compiled for the former."""

    day: date
    merged: Path
    scratch: Path
    models: dict[str, mutants.Model]


def _build(home: Path, day: date, kept: Path | None = None) -> Path:
    """Build a day, and keep the warehouse with what dbt compiled for that day; returns where."""
    target, kept = warehouse.build(home, select=LIFETIMES, snapshot_date=day, training_months=0), kept or home
    if kept != home:
        kept.mkdir(parents=True)
        shutil.copy(home / "build.duckdb", kept)
        shutil.copytree(target, kept / "target")
    return kept


def _late_and_soon_corrected(rows: list[dict], loaded_at: datetime) -> list[dict]:
    """Two versions each of some more rows, like those there are: one is known at that moment, the other a day later."""
    key = next(iter(rows[0]))
    first = [
        row | {key: f"late-{row[key]}", "loaded_at": loaded_at, "supersedes_loaded_at": None}
        for row in rows
        if row["loaded_at"] < loaded_at - timedelta(days=30)
    ][:200]
    corrected = {"loaded_at": loaded_at + timedelta(days=1), "supersedes_loaded_at": loaded_at}
    return first + [row | corrected for row in first]


def _all_that_was_known(entity: Entity, rows: list[dict], edge: datetime) -> list[dict]:
    """The only row of some more customers, corrected so that its sums are no zero but nothing.

    One's turns out to be somebody else's; an amount of the others, in a currency nobody quoted yet.
    """
    key, early, unquoted = entity.key[0], edge - timedelta(days=300), edge - timedelta(days=450)
    amounts = [name for name, column in entity.columns.items() if column.data_type == "decimal(18,4)"]
    lone = rows[0] | {"status": None, "product_id": None, "currency": "EUR"}
    lone |= {"loaded_at": early, "supersedes_loaded_at": None, entity.clock: unquoted} | dict.fromkeys(amounts)
    corrected = {"loaded_at": edge + timedelta(hours=2), "supersedes_loaded_at": early}
    whose = {name: {key: f"lone-{name}", "customer_id": f"{entity.name}-{name}"} for name in ["customer", *amounts]}
    found = [lone | whose["customer"], lone | whose["customer"] | corrected | {"customer_id": f"{entity.name}-other"}]
    for name in amounts:
        known = lone | whose[name] | {name: Decimal(5)}
        found += [known, known | corrected | {"currency": "GBP"}]
    return found


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """From a week before to the edge, from there to the day after it, and to the edge with what landed by then."""
    folder, edge, day = tmp_path_factory.mktemp("increments"), SNAPSHOT, timedelta(days=1)
    before, after = edge - 7 * day, edge + day
    rows = lakes.edge_rows(edge, customers=1_200, seed=3)
    for entity in ("orders", "returns", "sessions", "campaign_touches", "usage_events", "bank_transactions"):
        rows[entity] += _late_and_soon_corrected(rows[entity], lakes.midnight(before) + lakes.GRACE)
    for entity in ("orders", "order_items", "returns"):
        rows[entity] += _all_that_was_known(load_contract()[entity], rows[entity], lakes.midnight(edge))
    lakes.write_lake(folder / "whole", lakes.split_by_arrival(rows, [lakes.midnight(edge), datetime.max]))
    batches = lakes.split_by_arrival(rows, [lakes.midnight(before), lakes.midnight(edge), datetime.max])
    batches[0]["fx_rates"] = rows["fx_rates"]  # those that land later would have lifetimes begin from scratch
    batches[1].pop("fx_rates"), batches[2].pop("fx_rates")
    lakes.write_lake(folder / "landing", batches)
    scratch = {}
    for last in (edge, after):
        lakes.copy_lake(folder / "whole", folder / f"scratch {last}")
        scratch[last] = _build(folder / f"scratch {last}", last)
    _build(folder / "whole", before)
    merged = {last: _build(folder / "whole", last, folder / f"merged {last}") for last in (edge, after)}
    landed = folder / "landed"
    lakes.copy_lake(folder / "landing", landed, batches=1)
    _build(landed, before)
    lakes.copy_lake(folder / "landing", landed)
    merged_landings = _build(landed, edge)
    return [
        *(Step(last, merged[last], scratch[last], mutants.models(merged[last] / "target")) for last in (edge, after)),
        Step(edge, merged_landings, scratch[edge], mutants.models(merged_landings / "target")),
    ]


def _reasons(tree: exp.Expression) -> list[tuple[exp.Expression, exp.Expression]]:
    """Why a lifetime does not take what was known and what changed as they are, and what overlooks each reason."""
    left_open = [cte.this for cte in tree.find_all(exp.CTE) if cte.alias == "left_open"]
    doubts = [column.this for select in left_open for column in select.expressions if isinstance(column, exp.Alias)]
    apart = [part for doubt in doubts for part in (doubt.flatten() if isinstance(doubt, exp.Or) else [doubt])]
    empty = [node for node in tree.find_all(exp.GT) if isinstance(node.this, exp.Sum)]
    return [*((node, exp.false()) for node in apart), *((node, exp.true()) for node in empty)]


def _overlooked(model: mutants.Model) -> Iterator[mutants.Mutant]:
    """Every mutant that overlooks one of the reasons."""
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    for n, (reason, _) in enumerate(_reasons(tree)):
        changed = tree.copy()
        node, other = _reasons(changed)[n]
        node.replace(other)
        yield mutants.Mutant(model.name, re.sub(r"\s+", " ", reason.sql("duckdb")), "overlooked", changed.sql("duckdb"))


def _killed(step: Step) -> dict[tuple[str, int, str], tuple[str, bool]]:
    """(model, number of the predicate, change) -> the mutant, and whether a lifetime of the day differs."""
    seen = dict[tuple[str, int, str], tuple[str, bool]]()
    with duckdb.connect(str(step.merged / "build.duckdb")) as connection:
        mutants.hold_staging(connection)
        connection.execute(f"attach '{step.scratch}/build.duckdb' as scratch (read_only)")
        for model in step.models.values():
            if not model.name.endswith("_lifetimes"):
                continue
            assert "counted_anew" in model.sql, f"{model.name} was not built from the day before"
            assert not _differs(connection, step, model, model.sql), model.name
            numbered = [(n // 2, mutant) for n, mutant in enumerate(mutants.mutants(model))]
            for n, mutant in numbered + list(enumerate(_overlooked(model))):
                found = _differs(connection, step, model, mutant.sql)
                seen[model.name, n, mutant.change] = str(mutant), found
    return seen


def _differs(connection: duckdb.DuckDBPyConnection, step: Step, model: mutants.Model, sql: str) -> bool:
    """Whether the SQL makes another day than a build from scratch; the warehouse is as before afterwards."""
    of_day = f"where snapshot_date = date '{step.day}'"
    columns = ", ".join(
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = 'scratch'"
            f" and schema_name || '.' || table_name = '{model.relation}' and column_name <> 'lake_batch'"
        ).fetchall()
    )
    connection.execute("begin")
    try:
        connection.execute(f"create temp table made as {sql}")
        mine, right = f"select {columns} from made {of_day}", f"select {columns} from scratch.{model.relation} {of_day}"
        found = connection.execute(f"(({mine}) except all ({right})) union all (({right}) except all ({mine})) limit 1")
        return found.fetchone() is not None
    finally:
        connection.execute("rollback")


def test_every_weakened_predicate_of_a_day_more_is_caught(steps: list[Step]) -> None:
    killed = dict[tuple[str, int, str], bool]()
    names = dict[tuple[str, int, str], str]()
    for step in steps:
        for key, (name, found) in _killed(step).items():
            killed[key] = killed.get(key, False) or found
            names.setdefault(key, name)
    needed = {key for key in killed if key[1:] not in SAVES_WORK[key[0]]}
    survivors = [names[key] for key in sorted(needed) if not killed[key]]
    print(
        f"\nmutants made {len(killed)}, of predicates that only save work {len(killed) - len(needed)},"
        f" killed {sum(killed[key] for key in needed)}, survived {len(survivors)}", *survivors, sep="\n",
    )  # fmt: skip
    assert len(needed) > 100
    assert survivors == []
