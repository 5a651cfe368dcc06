"""CDNOW: every purchase of the file, as the file has it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from clientele.landing import LoadReport
from tests.real_data.building import lake, one, warehouse

CUSTOMERS, TRANSACTIONS = 2_357, 6_919
Loaded = tuple[Path, LoadReport]


@pytest.fixture(scope="module")
def purchases(real_data: Path) -> list[tuple]:
    """customer, purchases, CDs, dollars, first and last day: the file read by Python alone."""
    by_customer: dict[str, list[tuple[date, int, int]]] = {}
    for line in (real_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines():
        master, _, day, cds, dollars = line.split()
        cents = int(dollars.replace(".", ""))
        by_customer.setdefault(master, []).append((date.fromisoformat(day), int(cds), cents))
    return [
        (c, len(p), sum(x[1] for x in p), sum(x[2] for x in p), min(p)[0], max(p)[0])
        for c, p in sorted(by_customer.items())
    ]


def test_every_line_landed(cdnow: Loaded) -> None:
    assert [(e.entity, e.rows_landed, e.rows_refused) for e in cdnow[1].entities] == [
        ("customers", CUSTOMERS, 0), ("orders", TRANSACTIONS, 0), ("order_items", TRANSACTIONS, 0),
    ]  # fmt: skip


def test_every_customer_bought_what_the_file_says(cdnow: Loaded, purchases: list[tuple]) -> None:
    home, _ = cdnow
    assert sum(row[1] for row in purchases) == TRANSACTIONS
    local = "timezone('America/New_York', timezone('UTC', ordered_at))::date"
    with duckdb.connect() as con:
        landed = con.execute(
            f"select customer_id, count(*), sum(quantity)::int, (sum(amount) * 100)::int, min({local}), max({local}) "
            f"from {lake(home, 'order_items')} group by 1 order by 1"
        ).fetchall()
        assert one(con, f"select count(*) filter (amount = 0) from {lake(home, 'orders')}") == (8,)
    assert landed == purchases


def test_the_marts_add_up_to_the_file(cdnow: Loaded, purchases: list[tuple]) -> None:
    dollars = sum(row[3] for row in purchases)
    with warehouse(cdnow[0]) as con:
        profile = one(con, "select count(*), sum(n_orders)::int, (sum(total_spent) * 100)::int, min(snapshot_date) "
                           "from marts.customer_profile")  # fmt: skip
        daily = one(con, "select sum(n_orders)::int, (sum(revenue) * 100)::int from marts.business_daily")
    assert profile == (CUSTOMERS, TRANSACTIONS, dollars, date(1998, 7, 1))
    assert daily == (TRANSACTIONS, dollars)
