"""A lifetime of one day more reads what appeared and what was withdrawn: no weakened predicate goes unnoticed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.point_in_time import lakes, mutants, warehouse

SNAPSHOT = date(2025, 6, 17)
LIFETIMES = "+int_*_lifetimes"
# Predicates that save work and decide nothing, in the order they stand in: a customer of whom nothing was withdrawn is
# counted anew with the same result; what appeared before the day before is left out by the next predicate as well; a
# version of the new batches that was replaced by the snapshot is of a customer who is counted anew.
SAVES_WORK = {(0, "dropped"), (0, "moved"), (1, "dropped"), (5, "dropped"), (13, "dropped")}


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


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """From a week before to the edge, from there to the day after it, and to the edge with what landed by then."""
    folder, edge, day = tmp_path_factory.mktemp("increments"), SNAPSHOT, timedelta(days=1)
    before, after = edge - 7 * day, edge + day
    rows = lakes.edge_rows(edge, customers=1_200, seed=3)
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


def _killed(step: Step) -> dict[tuple[str, int, str], tuple[str, bool]]:
    """(model, number of the predicate, change) -> the mutant, and whether a lifetime of the day differs."""
    seen = dict[tuple[str, int, str], tuple[str, bool]]()
    with duckdb.connect(str(step.merged / "build.duckdb")) as connection:
        mutants.hold_staging(connection)
        connection.execute(f"attach '{step.scratch}/build.duckdb' as scratch (read_only)")
        for model in step.models.values():
            if not model.name.endswith("_lifetimes"):
                continue
            assert "withdrawn" in model.sql, f"{model.name} was not built from the day before"
            assert not _differs(connection, step, model, model.sql), model.name
            for n, mutant in enumerate(mutants.mutants(model)):
                found = _differs(connection, step, model, mutant.sql)
                seen[model.name, n // 2, mutant.change] = str(mutant), found
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
    needed = {key for key in killed if key[1:] not in SAVES_WORK}
    survivors = [names[key] for key in sorted(needed) if not killed[key]]
    print(
        f"\nmutants made {len(killed)}, of predicates that only save work {len(killed) - len(needed)},"
        f" killed {sum(killed[key] for key in needed)}, survived {len(survivors)}", *survivors, sep="\n",
    )  # fmt: skip
    assert len(needed) > 100
    assert survivors == []
