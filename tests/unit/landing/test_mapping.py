"""A wrong mapping is told in words that name the place and the cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from clientele.landing import LandingError, load, mapping_sql

from .conftest import ORDERS, Shop

ROW = "o1,c1,2024-01-01,1"


@pytest.mark.parametrize(
    ("entities", "top", "words"),
    [
        ({"orderz": {"path": "orders.csv"}}, {}, "unknown entity 'orderz' .did you mean orders"),
        ({"orders": {"path": "orders.csv", "delimeter": ";"}}, {}, "did you mean delimiter"),
        ({"orders": {"path": "orders.csv"}}, {"timezones": "UTC"}, "did you mean timezone"),
        ({"orders": {"path": "orders.csv"}}, {"currency": "EURO"}, "no ISO 4217 code"),
        ({"orders": {"path": "orders.csv"}}, {"version": 2}, "version is 2"),
        ({"orders": {"path": "orders.csv"}}, {"ambiguous_times": "guess"}, "refuse, earlier, later"),
        ({"orders": {"path": "orders.csv", "types": {"amount": "number"}}}, {}, "is no type"),
        ({"orders": {"path": "orders.csv", "types": {"amuont": "decimal"}}}, {}, "did you mean amount"),
        ({"orders": {"path": ["orders.csv", 3]}}, {}, "path of entity orders"),
        ({"orders": {"path": "orders.pdf"}}, {}, "format unknown"),
        ({"orders": None}, {}, "holds no keys"),
    ],
)
def test_mapping_errors(shop: Shop, entities: dict[str, Any], top: dict[str, Any], words: str) -> None:
    shop.write("orders.csv", ORDERS, ROW)
    shop.write("orders.pdf", "x")
    with pytest.raises(LandingError, match=words):
        shop.load(entities, **top)
    assert shop.batches() == []


def test_yaml_errors_have_a_line(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text("version: 1\nentities:\n  orders: [path\n")
    with pytest.raises(LandingError, match="line 4|line 3"):
        load(tmp_path / "m.yml", home=tmp_path / "home")
    with pytest.raises(LandingError, match=r"m\.yml"):
        load(tmp_path / "other.yml", home=tmp_path / "home")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("delete from source", "no select"),
        ("select 1; select 2", "2 statements"),
        ("select * from 'orders.csv'", "reads 'orders.csv'"),
        ("select * from read_csv('orders.csv')", r"calls read_csv\(\)"),
        ("select * from source where amount in (select amount from other)", "reads 'other'"),
        ("select * from information_schema.tables", "reads 'tables'"),
        ("select getenv('HOME') as order_id from source", "more than its source"),
        ("select amuont from source", "amuont"),
        ("select * replace (amount * 2 as amount) from source", "`types:`"),
        ("select * replace (customer_id::integer as customer_id) from source", "try_cast"),
        ("select *, 1 as chanel from source", "did you mean channel"),
        ("select order_id, customer_id, ordered_at from source", "gives no amount"),
        ("select *, amount as AMOUNT from source", "twice|amount"),
        ("selec", "syntax error"),
    ],
)
def test_sql_errors(shop: Shop, sql: str, words: str) -> None:
    with pytest.raises(LandingError, match=words):
        shop.load_orders(ORDERS, ROW, spec={"sql": sql})
    assert shop.batches() == []


@pytest.mark.parametrize(
    ("sql", "place", "remedy"),
    [
        (
            "select *,\n  order as n from source",
            "LINE 2:   order as n from source\n                ^^",
            'order is a word of SQL: where it names a column, write it in double quotes: "order"',
        ),
        ("select *, group from source", "LINE 1: select *, group from source\n                        ^", '"group"'),
        ("select a,, b from source", "LINE 1: select a,, b from source\n                 ^", "one plain select"),
        (
            "select amuont from source",
            "LINE 1: select amuont from source\n               ^",
            "orders.csv has no such column",
        ),
        ("select order_id from source", "gives no customer_id, ordered_at, amount", "of orders.csv it gives order_id"),
        ("select * from source where nosuch(amount)", "nosuch", ""),
    ],
)
def test_an_error_of_sql_names_the_mapping_the_place_and_the_export(
    shop: Shop, sql: str, place: str, remedy: str
) -> None:
    with pytest.raises(LandingError) as raised:
        shop.load_orders(ORDERS, ROW, spec={"sql": sql})
    said = str(raised.value)
    assert said.startswith(f"{shop.folder / 'mapping.yml'}")
    assert "sql of orders" in said
    assert place in said
    assert remedy in said


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("select * from source", 3),
        ("from source", 3),
        ("select * from source where customer_id <> 'zz' order by ordered_at desc", 3),
        ("select order_id, customer_id, ordered_at, max(amount) as amount from source group by all", 3),
        ("select distinct on (order_id) * from source", 3),
        ("with t as (select * from source) select * from t", 3),
        ("select s.* from source s join (values ('c1')) v(c) on s.customer_id = v.c", 3),
    ],
)
def test_refused_rows_name_their_line_through_the_sql(shop: Shop, sql: str, row: int) -> None:
    shop.load_orders(ORDERS, ROW, "o2,c1,2024-01-02,x", spec={"sql": sql})
    assert [refusal[1] for refusal in shop.rejects()] == [row]


@pytest.mark.parametrize(
    "sql",
    [
        "select distinct order_id, customer_id, ordered_at, amount from source",
        "select order_id, customer_id, ordered_at, amount from source where amount = 'x' union all "
        "select order_id, customer_id, ordered_at, amount from source where amount <> 'x'",
        "with t as (select order_id, customer_id, ordered_at, amount from source) select * from t",
    ],
)
def test_where_the_line_is_lost_the_ordinal_says_so(shop: Shop, sql: str) -> None:
    shop.load_orders(ORDERS, ROW, "o2,c1,2024-01-02,x", spec={"sql": sql})
    assert shop.rejects()[0][4].endswith("(row counted in the result of the sql)")


@pytest.mark.parametrize(
    "orders",
    [
        "unnest(['a', 'b'])",
        "UNLIST(['a', 'b'])",
        "'o' || generate_subscripts(['a', 'b'], 1)",
        "regexp_split_to_table('a,b', ',')",
    ],
)
def test_rows_that_are_made_of_one_name_its_line(shop: Shop, orders: str) -> None:
    sql = f"select {orders} || customer_id as order_id, customer_id, ordered_at, amount from source"
    report = shop.load_orders(ORDERS, ROW, "o2,c2,2024-01-02,x", spec={"sql": sql})
    assert [refusal[1] for refusal in shop.rejects()] == [3, 3]
    assert (report["orders"].source_rows, report["orders"].rows_read, report["orders"].rows_left_out) == (2, 4, None)


def test_every_macro_that_unnests_is_known() -> None:
    with duckdb.connect() as con:
        macros = con.execute(
            "select function_name from duckdb_functions()"
            " where function_type = 'macro' and macro_definition ilike '%unnest(%'"
        ).fetchall()
    assert {name for (name,) in macros} <= mapping_sql.UNNESTING


def test_a_sample_leaves_rows_out(shop: Shop) -> None:
    lines = [ORDERS, ROW, "o2,c2,2024-01-02,2", "o3,c2,2024-01-03,x"]
    report = shop.load_orders(*lines, spec={"sql": "select * from source tablesample reservoir(1 rows)"})
    assert (report["orders"].source_rows, report["orders"].rows_read, report["orders"].rows_left_out) == (3, 1, 2)


def test_rows_left_out_are_told(shop: Shop) -> None:
    lines = [ORDERS, ROW, "o2,c2,2024-01-02,2", "o3,c2"]
    report = shop.load_orders(*lines, spec={"sql": "select * from source where customer_id = 'c1'"})
    assert (report["orders"].source_rows, report["orders"].rows_read, report["orders"].rows_left_out) == (3, 2, 1)
    grouped = (
        "select any_value(order_id) as order_id, customer_id, min(ordered_at) as ordered_at, '1' as amount "
        "from source group by 2"
    )
    report = shop.load_orders(*lines, "o4,c2,2024-01-03,1", spec={"sql": grouped})
    assert (report["orders"].source_rows, report["orders"].rows_read, report["orders"].rows_left_out) == (4, 3, None)
