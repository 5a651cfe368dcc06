"""The bench at a small size, for correctness only: what it compares is equal, what it generates is a lake."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from bench import dbt_run, features, generate
from bench.equality import differing
from clientele.contract import load_contract
from tests import parsing

SPEC = generate.Spec(customers=2_500, years=1)
NEWEST_ONLY = {"training_months": 0}


def quietly(_: str) -> None:
    """No progress in tests."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate.lake(SPEC, quietly, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def built(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which dbt has built the newest snapshot of batch 1."""
    home = generate.home(lake, tmp_path_factory.mktemp("home") / "warehouse")
    parsing.lend(home, NEWEST_ONLY, dbt_run.MEMORY)
    dbt_run.run(home, NEWEST_ONLY)
    return home


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    """The only row of a query."""
    (row,) = con.execute(sql).fetchall()
    return row


def rows_of(path: Path) -> tuple:
    """Number of rows, and a number that changes with any of them and with their order."""
    with duckdb.connect() as con:
        rows = f"read_parquet('{path}', file_row_number = true, hive_partitioning = false)"
        return one(con, f"select count(*), sum(hash(t)::hugeint) from {rows} as t")


@pytest.mark.parametrize("entity", generate.CLOCKS)
def test_the_same_size_gives_the_same_rows(lake: Path, tmp_path: Path, entity: str) -> None:
    again = generate.lake(SPEC, quietly, tmp_path)
    for batch in (1, 2):
        file = f"batch={batch}/{entity}.parquet"
        assert rows_of(lake / file) == rows_of(again / file)


@pytest.mark.parametrize("entity", generate.CLOCKS)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_generated_file_is_one_that_the_loader_could_have_landed(lake: Path, entity: str, batch: int) -> None:
    clock, types = generate.CLOCKS[entity], load_contract()[entity].landed_types
    expected = ", ".join(f"null::{kind} as {name}" for name, kind in types.items())
    with duckdb.connect() as con:
        path = f"{lake}/batch={batch}/{entity}.parquet"
        con.execute(f"create view landed as from read_parquet('{path}', hive_partitioning = false)")
        described = [con.execute(f"describe {sql}").fetchall() for sql in ("from landed", f"select {expected}")]
        assert [column[:2] for column in described[0]] == [column[:2] for column in described[1]]
        steps = f"select {clock} < lag({clock}) over () as is_back, loaded_at < {clock} as is_early from landed"
        assert one(con, f"select count(*) filter (where is_back or is_early) from ({steps})") == (0,)


def test_late_rows_and_corrections_are_there(lake: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"create view orders as from read_parquet('{lake}/batch=*/orders.parquet')")
        late = one(con, "select avg((loaded_at > ordered_at)::integer) from orders where batch = 1")
        corrections = one(
            con,
            "select count(*), count(replaced.order_id) from orders left join orders as replaced"
            " on orders.order_id = replaced.order_id and orders.supersedes_loaded_at = replaced.loaded_at"
            " where orders.supersedes_loaded_at is not null",
        )
    assert late[0] == pytest.approx(0.01, abs=0.003)
    assert corrections[0] == corrections[1] > 0


@pytest.mark.parametrize("tool", [*features.REFERENCES, "pandas_whole"])
def test_references_and_dbt_agree_row_for_row(lake: Path, built: Path, tmp_path: Path, tool: str) -> None:
    out = tmp_path / ("out.duckdb" if "duckdb" in tool else "out.parquet")
    features.reference(tool, lake, out)
    features.check_equal(built, {tool: out})


def test_one_more_day_equals_building_from_scratch(lake: Path, built: Path, tmp_path: Path) -> None:
    generate.land(lake, built, 2)
    dbt_run.run(built, NEWEST_ONLY)
    scratch = generate.home(lake, tmp_path / "scratch", batches=2)
    parsing.lend(scratch, NEWEST_ONLY, dbt_run.MEMORY)
    dbt_run.run(scratch, NEWEST_ONLY)
    with duckdb.connect() as con:
        for name, home in (("daily", built), ("scratch", scratch)):
            con.execute(f"attach '{home}/build.duckdb' as {name} (read_only)")
        day = f"where snapshot_date = date '{generate.END + timedelta(days=1)}'"
        daily, anew = (f"(select * from {name}.features.customer_features {day})" for name in ("daily", "scratch"))
        assert con.execute(f"select count(*) from {daily}").fetchone()[0] > SPEC.customers
        assert differing(con, daily, anew) == {}
