"""A load lands whole or not at all, whatever happens to it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientele.landing import LandingError, load
from clientele.landing.lake import Lake

from .conftest import NOW, ORDERS, Shop, counts

ROOT = Path(__file__).resolve().parents[3]


def test_an_error_in_one_entity_lands_none(shop: Shop) -> None:
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1")
    with pytest.raises(LandingError):
        shop.load({"orders": {"path": "orders.csv"}, "customers": {"path": "missing.csv"}})
    with pytest.raises(LandingError):
        shop.load({"orders": {"path": "orders.csv"}, "customers": {"path": "orders.csv"}})
    assert shop.batches() == []
    assert not list((shop.home / "lake").glob("_loading-*"))


def test_only_refused_rows_still_leave_a_batch(shop: Shop) -> None:
    report = shop.load_orders(ORDERS, "o1,c1,2024-01-01,x")
    assert report.batch == 1
    assert sorted(p.name for p in (shop.home / "lake/raw/batch=1").iterdir()) == ["landings.parquet", "rejects"]


def test_check_lands_nothing(shop: Shop) -> None:
    report = shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", check=True)
    assert counts(report) == (1, 1, 0, 0)
    assert shop.batches() == []
    assert any(line.startswith("customers: not mapped: nothing can be built") for line in report.coverage)
    assert any(
        line.startswith("orders: not mapped and therefore empty: ") and "channel" in line for line in report.coverage
    )


def test_leftovers_of_killed_loads_go(shop: Shop) -> None:
    leftover = shop.home / "lake" / "_loading-1-dead" / "batch"
    leftover.mkdir(parents=True)
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1")
    assert not leftover.parent.exists()


def test_a_second_load_waits(shop: Shop) -> None:
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1")
    mapping = shop.map()
    said: list[str] = []
    with Lake(shop.home).locked(said.append):
        second = threading.Thread(target=lambda: load(mapping, home=shop.home, progress=said.append))
        second.start()
        for _ in range(200):
            if said:
                break
            time.sleep(0.05)
        assert said[0].startswith("waiting")
        assert shop.batches() == []
    second.join(30)
    assert shop.batches() == ["batch=1"]


def test_killed_at_any_moment_the_lake_is_whole(shop: Shop) -> None:
    duckdb.sql(
        "select 'o' || i as order_id, 'c1' as customer_id, timestamp '2024-01-01' + to_seconds(i) as ordered_at, "
        "case when i % 100 = 0 then 'x' else '1' end as amount from range(200000) t(i)"
    ).write_csv(str(shop.folder / "orders.csv"))
    mapping = shop.map()
    command = [
        sys.executable,
        "-c",
        f"from clientele.landing import load; load({str(mapping)!r}, home={str(shop.home)!r})",
    ]
    dice = random.Random(7)
    for _ in range(5):
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        time.sleep(dice.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for batch in shop.batches():
            folder = shop.home / "lake/raw" / batch
            (row,) = duckdb.sql(f"select rows_landed, rows_refused from '{folder}/landings.parquet'").fetchall()
            landed, refused = (
                duckdb.sql(f"select count(*) from '{folder}/{name}'").fetchall()[0][0]
                for name in ("orders.parquet", "rejects/orders.parquet")
            )
            assert row == (landed, refused) == (198000, 2000)
    load(mapping, home=shop.home)
    assert shop.batches() == ["batch=1"]
    assert not list((shop.home / "lake").glob("_loading-*"))


CELL = st.sampled_from(
    ["", " ", "o1", "o2", "o3", "1", "1.5", "-2", "x", "2024-01-01", "2024-02-30", "2031-01-01", '"', '"a,b"', "é"]
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=12),
    st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=6),
)
def test_every_row_of_a_dirty_file_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, first: list[list[str]], second: list[list[str]]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("dirty"))
    for lines in (first, first + second, second):
        report = shop.load_orders(ORDERS, *(",".join(cells) for cells in lines))
        account = report["orders"]
        assert (
            account.rows_read == account.rows_landed + account.rows_known + account.rows_refused == account.source_rows
            or account.unchanged
        )
    landed = shop.rows("select count(*), count(distinct (order_id, loaded_at)) from LAKE")
    told = shop.rows("select coalesce(sum(rows_landed), 0)::bigint from LAKE", "landings")
    assert landed[0][0] == landed[0][1] == told[0][0]


def test_the_contract_is_written_once(tmp_path: Path) -> None:
    folder = Lake(tmp_path).ensure_contract()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "orders.parquet").unlink()
    Lake(tmp_path).ensure_contract()
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == {"orders.parquet"}
    assert duckdb.sql(f"select count(*) from '{folder}/landings.parquet'").fetchall() == [(0,)]


def test_now_is_utc(shop: Shop) -> None:
    import datetime as dt

    aware = NOW.replace(tzinfo=dt.timezone(dt.timedelta(hours=2)))
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", now=aware, mode="live")
    assert shop.rows("select loaded_at::varchar from LAKE") == [("2026-06-01 10:00:00",)]
