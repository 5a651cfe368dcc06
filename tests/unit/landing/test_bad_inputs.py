"""Damaged and misread files: an error or a refusal that says what to do, and nothing landed half."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from clientele.cli import app
from clientele.landing import LandingError, load

from .conftest import NOW, ORDERS, Shop, counts

ROW = "o1,c1,2024-01-01,1"
TEXT = f"{ORDERS}\n{ROW}\n"


def damaged_gzip() -> bytes:
    whole = gzip.compress(
        (TEXT + "".join(f"o{n},c{n * 7919 % 977},2024-01-01,1\n" for n in range(2, 9000))).encode(), mtime=0
    )
    middle = len(whole) // 2
    return whole[:middle] + b"\x00\xff\x00\xff" + whole[middle + 4 :]


def damaged_parquet(folder: Path) -> bytes:
    path = folder / "whole.parquet"
    duckdb.sql(
        "select 'o' || i as order_id, 'c' || hash(i) as customer_id, now() as ordered_at, 1 as amount "
        "from range(20000) t(i)"
    ).write_parquet(str(path))
    whole = path.read_bytes()
    return whole[:300] + b"\x99" * 2000 + whole[2300:]


def test_an_export_that_is_mostly_refused_lands_nothing_where_nobody_looks(shop: Shop) -> None:
    rows = [f"o{n},c1,2024-01-01,{'ten' if n < 12 else 10}" for n in range(20)]
    shop.write("orders.csv", ORDERS, *rows)
    with pytest.raises(LandingError) as refused:
        load(shop.map(), home=shop.home, now=NOW, most_refused=0.5)
    for word in ("12 of 20 rows of orders", "orders.csv", "amount", "ten", "mend it or the mapping"):
        assert word in str(refused.value)
    assert shop.batches() == []
    report = load(shop.map(), home=shop.home, now=NOW, most_refused=0.6)
    assert (report["orders"].rows_landed, report["orders"].rows_refused) == (8, 12)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("orders.csv", TEXT.encode("utf-16"), "encoding: utf-16"),
        ("orders.csv", TEXT.encode("utf-16-le"), "encoding: utf-16"),
        ("orders.csv", TEXT.replace("amount", "gr\xf6\xdfe").encode("latin-1"), "cp1252 or latin-1"),
        ("orders.csv.gz", damaged_gzip(), "damaged"),
        ("orders.csv.gz", gzip.compress(TEXT.encode())[:30], "cannot be read"),
        ("orders.csv.gz", TEXT.encode(), "Not a gzipped file"),
        ("orders.parquet", b"PAR1" + b"x" * 100 + b"PAR1", "no readable parquet"),
        ("orders.xlsx", b"PK\x03\x04", "save it again"),
        ("orders.json", b'[\n{"order_id": "a"}\n]\n', "one object a line"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unreadable_file_stops_the_load(shop: Shop, name: str, content: bytes, words: str) -> None:
    (shop.folder / name).write_bytes(content)
    with pytest.raises(LandingError, match=words) as raised:
        shop.load({"orders": {"path": name}})
    assert name in str(raised.value)
    assert shop.batches() == []


def test_a_damaged_parquet_page_stops_the_load(shop: Shop) -> None:
    (shop.folder / "orders.parquet").write_bytes(damaged_parquet(shop.folder))
    with pytest.raises(LandingError, match=r"orders\.parquet(.|\n)*copy it again"):
        shop.load({"orders": {"path": "orders.parquet"}})
    assert shop.batches() == []


def test_a_folder_is_no_file(shop: Shop) -> None:
    (shop.folder / "orders.csv").mkdir()
    with pytest.raises(LandingError, match="is a folder"):
        shop.load()


def test_a_quote_that_swallows_lines_says_how_many(shop: Shop) -> None:
    report = shop.load_orders(ORDERS, ROW, 'o2,"c1,2024-01-01,1', "o3,c1,2024-01-01,1", "o4,c1,2024-01-01,1")
    assert counts(report) == (2, 1, 0, 1)
    assert shop.rejects()[0][1] == 3
    assert "takes the 2 lines behind it with it" in shop.rejects()[0][4]


def test_known_ways_of_writing_get_a_hint(shop: Shop) -> None:
    report = shop.load_orders(ORDERS, "o1,c1,31/12/2023,1", 'o2,c1,2024-01-01,"1,234.50"', "o3,c1,2024-01-01,n/a")
    assert counts(report) == (3, 0, 0, 3)
    reasons = [row[4] for row in shop.rejects()]
    assert reasons[0].endswith("such as timestamp %d/%m/%Y")
    assert reasons[1].endswith("such as by replace()")
    assert reasons[2] == "amount 'n/a' is not a number"


def test_rows_are_counted_as_records_and_unreadable_ones_told_by_their_line(shop: Shop) -> None:
    report = shop.load_orders(ORDERS, '"o\n1",c1,2024-01-01,1', "", "o2,c1,2024-01-01,x", "o3,c1")
    examples = {reason.column: reason.example for reason in report["orders"].reasons}
    assert examples["amount"].startswith("orders.csv row 3: ")
    assert examples[None].startswith("orders.csv line ")  # as DuckDB counts: blank lines are not always in it


def test_a_home_that_cannot_be_written(shop: Shop) -> None:
    shop.write("orders.csv", ORDERS, ROW)
    shop.home.write_text("a file where the folder should be")
    with pytest.raises(LandingError, match="cannot be written"):
        shop.load()


def test_tabs_in_a_mapping(shop: Shop) -> None:
    path = shop.folder / "tabs.yml"
    path.write_text("version: 1\nentities:\n\torders:\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["load", str(path), "--home", str(shop.home)])
    assert result.exit_code == 2
    assert "line 3" in result.output
    assert "spaces" in result.output


@pytest.mark.parametrize(
    "sql",
    [
        "select * from source",
        "select order_id, customer_id, ordered_at, nullif(amount, '') as amount from source where amount <> 'left out'",
        "select order_id, customer_id, ordered_at, "
        "case when row_number() over (partition by customer_id order by amount) > 0 then amount end as amount "
        "from source",
        "select * from source order by customer_id",
        "select order_id, (select max(x) from (values ('c1')) t(x)) as customer_id, ordered_at, amount from source",
    ],
    ids=["as it is", "filtered", "windowed", "sorted", "looked up"],
)
def test_a_refused_row_of_a_large_file_names_its_own_row(shop: Shop, sql: str) -> None:
    """30 MB, of which DuckDB reads 8 at a time, on all cores; what the select may do to the order must not matter."""
    bad = [7, 40_001, 119_999, 150_000]
    wide = "w" * 180
    rows = [f"o{n},c{n % 977}{wide},2024-01-01,{'much' if n in bad else n}" for n in range(1, 150_001)]
    rows.insert(75_000, "o0,c0,2024-01-01,1,one too many")
    report = shop.load_orders(ORDERS, *rows, spec={"sql": sql})
    assert report.entities[0].rows_landed == 150_000 - len(bad)
    refused = {row: value for _, row, _, value, _ in shop.rejects() if value is not None}
    header, unreadable = 1, 1
    assert refused == {n + header + (unreadable if n > 75_000 else 0): "much" for n in bad}
