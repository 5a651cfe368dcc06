"""A shop in 14 parquet tables: another user's files are a new mapping and no change to the code."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from clientele.landing import LoadReport
from tests.real_data.building import lake, one, warehouse

ROWS = {
    "customers": 1_500, "orders": 2_500, "order_items": 4_315, "products": 1_200, "returns": 300, "sessions": 10_000,
    "campaigns": 200, "payments": 2_125,
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(real_data: Path) -> Path:
    return real_data / "ecommerce_14_tables"


@pytest.fixture(scope="module")
def home(ecommerce: tuple[Path, LoadReport]) -> Path:
    return ecommerce[0]


def test_every_row_landed(ecommerce: tuple[Path, LoadReport]) -> None:
    entities = ecommerce[1].entities
    assert {e.entity: e.rows_landed for e in entities} == ROWS
    assert all(e.rows_read == e.rows_landed for e in entities)


def test_money_to_the_cent(home: Path, tables: Path) -> None:
    with warehouse(home) as con:
        cents = "::decimal(18, 4)"
        sold = one(con, f"select sum(subtotal{cents} - discount_amount{cents}) from '{tables}/orders.parquet'")
        lines = one(con, f"select sum(total_price{cents}) from '{tables}/order_items.parquet'")
        assert one(con, f"select sum(amount) from {lake(home, 'orders')}") == sold
        assert one(con, f"select sum(amount) from {lake(home, 'order_items')}") == lines == (Decimal("2845970.8600"),)


def test_the_marts_know_who_bought_and_who_only_looked(home: Path, tables: Path) -> None:
    with warehouse(home) as con:
        profile = one(con, "select count(*), count(*) filter (n_orders > 0) from marts.customer_profile")
        buyers = one(
            con, f"select count(distinct customer_id) from '{tables}/orders.parquet' where status <> 'cancelled'"
        )
        assert profile == (1_500, *buyers)
        sessions = one(con, "select sum(n_sessions)::int, sum(n_converted_sessions)::int from marts.business_daily")
        expected = one(con, f"select count(*), count(*) filter (converted) from '{tables}/website_sessions.parquet'")
        assert sessions == expected


def test_products_carry_the_names_of_their_categories(home: Path, tables: Path) -> None:
    with duckdb.connect() as con:
        names = {row[0] for row in con.execute(f"select category_name from '{tables}/categories.parquet'").fetchall()}
        found = con.execute(f"select category, subcategory from {lake(home, 'products')}").fetchall()
    assert {category for category, _ in found} <= names
    assert all(category for category, _ in found)
    assert {subcategory for _, subcategory in found} - {None} <= names
