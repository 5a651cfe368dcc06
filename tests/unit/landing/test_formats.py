"""Every format lands as text, keeps its rows' numbers, and loses no row in silence."""

from __future__ import annotations

import gzip

import duckdb
import openpyxl
import pytest

from clientele.landing import LandingError

from .conftest import ORDERS, Shop, counts


def test_leading_zeros_stay(shop: Shop) -> None:
    shop.load_orders(ORDERS, "007,0042,2024-01-01 10:00:00,9.99")
    assert shop.rows("select order_id, customer_id from LAKE") == [("007", "0042")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiter_is_found(shop: Shop, delimiter: str) -> None:
    report = shop.load_orders(ORDERS.replace(",", delimiter), delimiter.join(["o1", "c1", "2024-01-01", "1.5"]))
    assert counts(report) == (1, 1, 0, 0)


def test_gzip_crlf_bom_and_quotes(shop: Shop) -> None:
    text = '\ufefforder_id,customer_id,ordered_at,amount\r\n"o,1","c""1",2024-01-01,1\r\n"o\n2",c1,2024-01-02,2\r\n'
    (shop.folder / "orders.csv.gz").write_bytes(gzip.compress(text.encode()))
    report = shop.load({"orders": {"path": "orders.csv.gz"}})
    assert counts(report) == (2, 2, 0, 0)
    assert shop.rows("select order_id, customer_id from LAKE order by ordered_at") == [("o,1", 'c"1'), ("o\n2", "c1")]


def test_ragged_rows_are_refused_with_their_line_and_do_not_shift_others(shop: Shop) -> None:
    report = shop.load_orders(
        ORDERS, "o1,c1,2024-01-01,1", "o2,c1", "o3,c1,2024-01-01,1,extra", "o4,c1,2024-01-01,n/a", "o5,c1,2024-01-02,5"
    )
    assert counts(report) == (5, 2, 0, 3)
    found = {row[1]: row[4] for row in shop.rejects()}
    assert found[3].startswith("too few columns")
    assert found[4].startswith("too many columns")
    assert found[5] == "amount 'n/a' is not a number"
    assert shop.rows("select row_json from LAKE where source_row = 3", kind="rejects/") == [('{"line":"o2,c1"}',)]


def test_wrong_bytes_are_refused(shop: Shop) -> None:
    (shop.folder / "orders.csv").write_bytes(ORDERS.encode() + b"\no1,caf\xe9,2024-01-01,1\no2,c2,2024-01-01,1\n")
    report = shop.load()
    assert counts(report) == (2, 1, 0, 1)
    assert "encoding" in shop.rejects()[0][4]
    assert shop.rejects()[0][1] == 2


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "shift-jis"])
def test_declared_encodings(shop: Shop, encoding: str) -> None:
    name = "テスト" if encoding == "shift-jis" else "Café"
    shop.write("orders.csv", ORDERS, f"o1,{name},2024-01-01,1", encoding=encoding)
    shop.load({"orders": {"path": "orders.csv", "encoding": encoding}})
    assert shop.rows("select customer_id from LAKE") == [(name,)]


def test_unknown_encoding_names_near_ones(shop: Shop) -> None:
    shop.write("orders.csv", ORDERS)
    with pytest.raises(LandingError, match="cp1252"):
        shop.load({"orders": {"path": "orders.csv", "encoding": "cp1525"}})


def test_jsonl_keeps_digits_and_refuses_broken_lines(shop: Shop) -> None:
    shop.write(
        "orders.jsonl",
        '{"order_id": 123456789012345678901234, "customer_id": "007", "ordered_at": "2024-01-01",'
        ' "amount": 12345678901234.5678}',
        "{broken",
        '{"order_id": "o2", "customer_id": "c", "ordered_at": "2024-01-01", "amount": 2, "channel": {"a": 1}}',
        "[1]",
    )
    report = shop.load({"orders": {"path": "orders.jsonl"}})
    assert counts(report) == (4, 2, 0, 2)
    assert [row[1] for row in shop.rejects()] == [2, 4]
    landed = shop.rows("select order_id, customer_id, amount::varchar, channel from LAKE order by 1")
    assert landed == [
        ("123456789012345678901234", "007", "12345678901234.5678", None),
        ("o2", "c", "2.0000", '{"a":1}'),
    ]


def test_xlsx_types_sheet_and_row_numbers(shop: Shop) -> None:
    import datetime as dt

    book = openpyxl.Workbook()
    book.active.append(["not", "this"])
    sheet = book.create_sheet("Orders")
    sheet.append(ORDERS.split(","))
    sheet.append([1.0, "007", dt.datetime(2024, 1, 1, 10, 30), 9.5])
    sheet.append([None, None, None, None])
    sheet.append(["o2", "c", dt.datetime(2024, 1, 1), "n/a"])
    book.save(shop.folder / "orders.xlsx")
    report = shop.load({"orders": {"path": "orders.xlsx", "sheet": "Orders"}})
    assert counts(report) == (2, 1, 0, 1)
    assert shop.rows("select order_id, customer_id, ordered_at::varchar from LAKE") == [
        ("1", "007", "2024-01-01 10:30:00")
    ]
    assert shop.rejects()[0][1] == 4
    with pytest.raises(LandingError, match="did you mean Orders"):
        shop.load({"orders": {"path": "orders.xlsx", "sheet": "orderz"}})


def test_parquet_as_it_is(shop: Shop) -> None:
    duckdb.sql(
        "select 'o' || i as order_id, 17850.0::double as customer_id, "
        "timestamptz '2024-01-01 12:00:00+02' as ordered_at, "
        "i::double - 2 as amount from range(4) t(i)"
    ).write_parquet(str(shop.folder / "orders.parquet"))
    report = shop.load({"orders": {"path": "orders.parquet"}})
    assert counts(report) == (4, 2, 0, 2)
    assert shop.rows("select distinct customer_id, ordered_at::varchar from LAKE") == [("17850", "2024-01-01 10:00:00")]
    assert [row[1] for row in shop.rejects()] == [1, 2]


def test_globs_unite_columns_by_name_and_keep_each_file(shop: Shop) -> None:
    shop.write("orders-1.csv", ORDERS, "o1,c1,2024-01-01,1", "o2,c1,2024-01-01,x")
    shop.write("orders-2.csv", "channel," + ORDERS, "web,o3,c1,2024-01-02,1", "web,o4,c1,2024-01-02,y")
    report = shop.load({"orders": {"path": ["orders-*.csv"]}})
    assert counts(report) == (4, 2, 0, 2)
    assert shop.rows("select order_id, channel from LAKE order by 1") == [("o1", None), ("o3", "web")]
    assert [row[:2] for row in shop.rejects()] == [("orders-1.csv", 3), ("orders-2.csv", 3)]


def test_null_values(shop: Shop) -> None:
    shop.load_orders(
        ORDERS + ",channel", "o1,c1,2024-01-01,1,n/a", "o2,c1,2024-01-01,1,  ", spec={"null_values": ["", "n/a"]}
    )
    assert shop.rows("select channel from LAKE") == [(None,), (None,)]


def test_empty_file_is_an_error_and_a_lone_header_a_warning(shop: Shop) -> None:
    (shop.folder / "orders.csv").write_bytes(b"")
    with pytest.raises(LandingError, match="0 bytes"):
        shop.load()
    report = shop.load_orders(ORDERS)
    assert counts(report) == (0, 0, 0, 0)
    assert report["orders"].warnings
    assert shop.batches() == []


def test_missing_file_lists_what_is_there(shop: Shop) -> None:
    shop.write("ordres.csv", ORDERS)
    with pytest.raises(LandingError, match="ordres.csv"):
        shop.load()


def test_same_column_twice(shop: Shop) -> None:
    with pytest.raises(LandingError, match="two columns of that name"):
        shop.load_orders(ORDERS + ",Amount", "o1,c1,2024-01-01,1,1")


def test_quotes_in_a_header(shop: Shop) -> None:
    sql = 'select order_id, "the ""client" as customer_id, ordered_at, "sum ""net" as amount from source'
    report = shop.load_orders(
        'order_id,"the ""client",ordered_at,"sum ""net"', "o1,c1,2024-01-01,1", "o2,c1,2024-01-01,n/a",
        spec={"sql": sql, "types": {'sum "net': "decimal"}},
    )  # fmt: skip
    assert counts(report) == (2, 1, 0, 1)
