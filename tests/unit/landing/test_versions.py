"""Two clocks, duplicates, corrections: what a row is against its load and against the lake."""

from __future__ import annotations

import datetime as dt
import json

import duckdb
import pytest

from clientele.landing import load
from clientele.landing.entity_load import EntityLoad

from .conftest import NOW, ORDERS, Shop, counts

LATER = NOW + dt.timedelta(days=1)
VERSIONS = (
    "select order_id, amount::float, loaded_at::varchar, supersedes_loaded_at::varchar from LAKE order by loaded_at, 1"
)
WITH_LOADED = ORDERS + ",loaded_at"


def test_history_first_then_live(shop: Shop) -> None:
    first = shop.load_orders(ORDERS, "o1,c1,2024-01-01 08:00:00,1")
    second = shop.load_orders(ORDERS, "o2,c1,2024-01-02 08:00:00,2", now=LATER)
    assert (first["orders"].mode, second["orders"].mode) == ("history", "live")
    assert shop.rows(VERSIONS) == [("o1", 1, "2024-01-01 08:00:00", None), ("o2", 2, "2026-06-02 12:00:00", None)]


@pytest.mark.parametrize(("mode", "loaded"), [("history", "2024-01-01 08:00:00"), ("live", "2026-06-01 12:00:00")])
def test_mode_on_request(shop: Shop, mode: str, loaded: str) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01 08:00:00,1", mode=mode)
    assert shop.rows(VERSIONS) == [("o1", 1, loaded, None)]


def test_loaded_at_is_never_before_the_clock(shop: Shop) -> None:
    shop.load_orders(WITH_LOADED, "o1,c1,2024-01-01 08:00:00,1,2023-01-01")
    assert shop.rows(VERSIONS) == [("o1", 1, "2024-01-01 08:00:00", None)]


def test_same_file_twice_is_not_read_again(shop: Shop) -> None:
    lines = [ORDERS, "o1,c1,2024-01-01,1", "o2,c1,2024-01-01,x"]
    shop.load_orders(*lines)
    again = shop.load_orders(*lines, now=LATER)
    assert again["orders"].unchanged
    assert again.batch is None
    assert counts(again) == (2, 0, 1, 1)
    assert shop.batches() == ["batch=1"]


def test_same_rows_in_another_file_are_known(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", "o2,c1,2024-01-02,2")
    again = shop.load_orders(ORDERS, "o2,c1,2024-01-02,2.0", "o1,c1,2024-01-01,1", now=LATER)
    assert counts(again) == (2, 0, 2, 0)
    assert not again["orders"].unchanged
    assert again.batch is None


def test_other_content_lands_as_a_correction(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", "o2,c1,2024-01-02,2")
    again = shop.load_orders(ORDERS, "o1,c1,2024-01-01,9", "o2,c1,2024-01-02,2", "o3,c1,2024-01-03,3", now=LATER)
    assert counts(again) == (3, 2, 1, 0)
    assert again["orders"].rows_corrected == 1
    assert ("o1", 9, "2026-06-02 12:00:00", "2024-01-01 00:00:00") in shop.rows(VERSIONS)
    third = shop.load_orders(ORDERS, "o1,c1,2024-01-01,9", now=LATER + dt.timedelta(days=1))
    assert counts(third) == (1, 0, 1, 0)
    back = shop.load_orders(ORDERS, "o1,c1,2024-01-01,1.00", now=LATER + dt.timedelta(days=2))
    assert counts(back) == (1, 1, 0, 0)
    assert shop.rows(VERSIONS)[-1] == ("o1", 1, "2026-06-04 12:00:00", "2026-06-02 12:00:00")


def test_corrections_in_history_are_known_from_now(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1")
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,2", now=LATER, mode="history")
    assert shop.rows(VERSIONS)[1] == ("o1", 2, "2026-06-02 12:00:00", "2024-01-01 00:00:00")


def test_a_correction_is_later_even_at_the_same_moment(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", mode="live")
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,2", mode="live")
    assert [row[2] for row in shop.rows(VERSIONS)] == ["2026-06-01 12:00:00", "2026-06-01 12:00:00.000001"]


def test_duplicates_within_a_load(shop: Shop) -> None:
    report = shop.load_orders(
        ORDERS, "o1,c1,2024-01-01,1", "o1,c1", "o1,c1,2024-01-01,1.00", "o1,c1,2024-01-01,2", "o2,c1,2024-01-02,2"
    )
    assert counts(report) == (5, 2, 1, 2)
    refusal = shop.rejects()[1]
    assert refusal[1:4] == (5, "order_id", "o1")
    assert refusal[4] == "duplicate key: differs from row 2 (map a loaded_at to keep versions, or group in the sql)"
    row = json.loads(shop.rows("select row_json from LAKE where source_row = 5", kind="rejects/")[0][0])
    assert row == {"order_id": "o1", "customer_id": "c1", "ordered_at": "2024-01-01 00:00:00", "amount": 2.0}


def test_given_loaded_at_makes_chains(shop: Shop) -> None:
    lines = ["o1,c1,2024-01-01,1,2024-01-01", "o1,c1,2024-01-01,3,2024-01-03", "o1,c1,2024-01-01,2,2024-01-02",
             "o1,c1,2024-01-01,3,2024-01-04", "o1,c1,2024-01-01,8,2024-01-03"]  # fmt: skip
    report = shop.load_orders(WITH_LOADED, *lines)
    assert counts(report) == (5, 3, 1, 1)
    chain = [
        ("o1", 1, "2024-01-01 00:00:00", None),
        ("o1", 2, "2024-01-02 00:00:00", "2024-01-01 00:00:00"),
        ("o1", 3, "2024-01-03 00:00:00", "2024-01-02 00:00:00"),
    ]
    assert shop.rows(VERSIONS) == chain
    more = shop.load_orders(WITH_LOADED, *lines[:4], "o1,c1,2024-01-01,5,2024-01-05", now=LATER)
    assert counts(more) == (5, 1, 4, 0)
    assert shop.rows(VERSIONS) == [*chain, ("o1", 5, "2024-01-05 00:00:00", "2024-01-03 00:00:00")]


def test_an_older_version_than_the_lakes_newest_is_refused(shop: Shop) -> None:
    shop.load_orders(WITH_LOADED, "o1,c1,2024-01-01,1,2024-01-05")
    report = shop.load_orders(WITH_LOADED, "o1,c1,2024-01-01,2,2024-01-04", now=LATER)
    assert counts(report) == (1, 0, 0, 1)
    assert "a newer version, known since 2024-01-05 00:00:00, has already landed" in shop.rejects()[0][4]


def test_planned_clocks_land_when_known(shop: Shop) -> None:
    shop.write("products.csv", "product_id,launched_at", "p1,2024-01-01", "p2,", "p3,2026-06-01 23:00:00")
    shop.load({"products": {"path": "products.csv"}})
    landed = shop.rows("select product_id, loaded_at::varchar from LAKE order by 1", "products")
    assert landed == [("p1", "2024-01-01 00:00:00"), ("p2", "1970-01-01 00:00:00"), ("p3", "2026-06-01 12:00:00")]


def test_landed_files_are_sorted_by_the_clock(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-03,1", "o2,c1,2024-01-01,1", "o3,c1,2024-01-02,1")
    assert shop.rows("select order_id from LAKE") == [("o2",), ("o3",), ("o1",)]


def test_compound_keys(shop: Shop) -> None:
    header = "rate_date,from_currency,to_currency,rate"
    shop.write("fx.csv", header, "2024-01-01,USD,EUR,0.9", "2024-01-01,GBP,EUR,1.1", "2024-01-01,USD,EUR,0.8")
    report = shop.load({"fx_rates": {"path": "fx.csv"}})
    assert counts(report, "fx_rates") == (3, 2, 0, 1)


def test_landings_tell_the_account(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", "o1,c1,2024-01-01,1", "o2,c1,2024-01-05,x")
    (row,) = shop.rows(
        "select mode, rows_read, rows_landed, rows_corrected, rows_known, rows_refused, min_clock_at::varchar, "
        "source_files, length(fingerprint) from LAKE where entity = 'orders'", "landings",
    )  # fmt: skip
    assert row == ("history", 3, 1, 0, 1, 1, "2024-01-01 00:00:00", '["orders.csv"]', 64)


def test_landed_columns_are_the_contracts(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1")
    home = shop.home / "lake" / "raw"
    empty, landed = (
        duckdb.sql(
            f"describe from read_parquet('{home}/batch={n}/orders.parquet', hive_partitioning = false)"
        ).fetchall()
        for n in (0, 1)
    )
    assert empty == landed


def test_two_lakes_do_not_share(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1")
    report = load(shop.folder / "mapping.yml", home=shop.folder / "other", now=NOW)
    assert counts(report) == (1, 1, 0, 0)


def test_the_first_row_of_the_file_stands_though_threads_share_the_reading(shop: Shop) -> None:
    rows = 60_000
    duckdb.sql(
        f"select 'o' || (i % {rows}) as order_id, 'c1' as customer_id, 'paid' as status, "
        f"timestamp '2024-01-01' + to_seconds(i) as ordered_at, i // {rows} as amount from range({2 * rows}) t(i)"
    ).write_parquet(str(shop.folder / "orders.parquet"), row_group_size=2048)
    report = shop.load({"orders": {"path": "orders.parquet"}})
    assert counts(report) == (2 * rows, rows, 0, rows)
    assert shop.rows("select max(amount)::int from LAKE") == [(0,)]


def test_a_file_in_order_is_not_sorted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[bool] = []
    in_order = EntityLoad._in_order
    monkeypatch.setattr(EntityLoad, "_in_order", lambda load: found.append(in_order(load)) or found[-1])
    duckdb.sql(
        "select 'o' || i as order_id, 'c1' as customer_id, timestamp '2024-01-01' + to_seconds(i) as ordered_at, "
        "'shipped' as status, 1 as amount from range(300000) t(i)"
    ).write_parquet(str(shop.folder / "orders.parquet"), row_group_size=2048)
    shop.load({"orders": {"path": "orders.parquet"}})
    assert found == [True]
