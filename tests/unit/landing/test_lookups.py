"""Files without a header, and further files that an entity's SQL may join."""

from __future__ import annotations

from typing import Any

import pytest

from clientele.landing import LandingError

from .conftest import ORDERS, Shop, counts

NO_HEADER = {"path": "orders.csv", "header": False}
NAMES = ["order_id", "customer_id", "ordered_at", "amount"]
JOIN = "select source.*, c.name as channel from source left join channels as c on c.id = source.customer_id"


def with_lookup(lookup: str = "channels.csv", sql: str = JOIN) -> dict[str, Any]:
    return {"orders": {"path": "orders.csv", "lookups": {"channels": lookup}, "sql": sql}}


def test_columns_name_what_has_no_header(shop: Shop) -> None:
    report = shop.load_orders("o1,c1,2024-01-01,1", "o2,c2,2024-01-01,n/a", spec={**NO_HEADER, "columns": NAMES})
    assert counts(report) == (2, 1, 0, 1)
    assert shop.rejects()[0][1] == 2


def test_columns_are_numbered_where_nothing_names_them(shop: Shop) -> None:
    sql = "select column1 as order_id, column2 as customer_id, column3 as ordered_at, column4 as amount from source"
    report = shop.load_orders("o1,c1,2024-01-01,1", spec={**NO_HEADER, "sql": sql})
    assert counts(report) == (1, 1, 0, 0)


def test_columns_rename_a_header(shop: Shop) -> None:
    report = shop.load_orders("id,id,when,sum", "o1,c1,2024-01-01,1", spec={"columns": NAMES})
    assert counts(report) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"columns": ["line"]}, "has 4 columns, and `columns:` names 1"),
        ({"header": "no"}, "header of entity orders is 'no'"),
        ({"path": "orders.jsonl", "header": False}, "are for csv"),
        ({"lookups": ["channels.csv"]}, "no list of `name: file`"),
        ({"lookups": {"source": "channels.csv"}}, "cannot name a relation"),
        ({"lookups": {"stage": "channels.csv"}}, "cannot name a relation"),
        ({"lookups": {"channels": "nowhere.csv"}}, "lookup channels of orders: no such file"),
    ],
)
def test_what_cannot_be_meant(shop: Shop, spec: dict[str, Any], words: str) -> None:
    shop.write("channels.csv", "id,name", "c1,web")
    shop.write("orders.jsonl", '{"order_id": "o1"}')
    with pytest.raises(LandingError, match=words):
        shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", spec=spec)


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("channels.csv", ("id,name", "c1,web")),
        ("channels.jsonl", ('{"id": "c1", "name": "web"}',)),
    ],
)
def test_a_lookup_is_joined_and_rows_keep_their_lines(shop: Shop, file: str, lines: tuple[str, ...]) -> None:
    shop.write(file, *lines)
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1", "o2,c2,2024-01-01,1", "o3,c2,2024-01-01,n/a")
    report = shop.load(with_lookup(file))
    assert counts(report) == (3, 2, 0, 1)
    assert shop.rows("select order_id, channel from LAKE order by all") == [("o1", "web"), ("o2", None)]
    assert shop.rejects()[0][:2] == ("orders.csv", 4)


def test_another_lookup_is_another_load(shop: Shop) -> None:
    shop.write("channels.csv", "id,name", "c1,web")
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1")
    shop.load(with_lookup())
    assert shop.load(with_lookup())["orders"].unchanged
    shop.write("channels.csv", "id,name", "c1,store")
    assert shop.load(with_lookup())["orders"].rows_corrected == 1


@pytest.mark.parametrize(
    ("file", "lines"),
    [("channels.csv", ("id,name", "c1")), ("channels.jsonl", ('{"id": "c1", "name": "web"}', "no json"))],
)
def test_a_broken_lookup_stops_the_load(shop: Shop, file: str, lines: tuple[str, ...]) -> None:
    shop.write(file, *lines)
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1")
    with pytest.raises(LandingError, match="lookup channels of orders"):
        shop.load(with_lookup(file))
    assert shop.batches() == []


def test_a_lookup_is_seen_by_its_entity_alone(shop: Shop) -> None:
    shop.write("channels.csv", "id,name", "c1,web")
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1")
    other = {"path": "orders.csv", "sql": "select id as customer_id, null as registered_at from channels"}
    with pytest.raises(LandingError, match="reads 'channels'"):
        shop.load({**with_lookup(), "customers": other})
