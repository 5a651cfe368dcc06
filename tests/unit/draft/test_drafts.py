"""A stranger's exports become a mapping that loads, with a question wherever the files do not say."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from clientele.cli import app
from clientele.landing import LandingError

from .conftest import Desk

LINES = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
    "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
    "536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom",
    "536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom",
    "536366,71053,LANTERN,1,2010-12-01 08:28:00,3.39,13047.0,France",
    "536367,22632,WARMER,2,2010-12-01 08:34:00,1.85,,United Kingdom",
    "C536379,71053,LANTERN,-1,2010-12-01 09:41:00,3.39,13047.0,France",
)


def test_invoice_lines_become_orders_items_returns_customers_and_products(desk: Desk) -> None:
    desk.write("export.csv", *LINES)
    draft = desk.draft("export.csv")
    assert list(draft.entities) == ["customers", "orders", "order_items", "products", "returns"]
    assert desk.load(check=True).batch is None
    report = desk.load()
    counts = {e.entity: (e.rows_read, e.rows_landed, e.rows_refused) for e in report.entities}
    assert counts == {
        "customers": (2, 2, 0), "orders": (3, 2, 1), "order_items": (5, 4, 1), "products": (3, 3, 0),
        "returns": (1, 1, 0),
    }  # fmt: skip
    assert desk.rows("orders", "order_id, customer_id, amount, currency") == [
        ("536365", "17850", Decimal("55.9800"), "GBP"), ("536366", "13047", Decimal("3.3900"), "GBP"),
    ]  # fmt: skip
    assert desk.rows("returns", "return_id, quantity, refund_amount") == [("C536379-1", Decimal(1), Decimal("3.3900"))]
    assert desk.rows("customers", "customer_id, country")[0] == ("13047", "France")


def test_place_and_currency_are_asked_where_they_are_guessed(desk: Desk) -> None:
    desk.write("export.csv", *LINES)
    text = desk.draft("export.csv").text
    assert "# ? guessed, as most rows say United Kingdom: which currency" in text
    assert "Europe/London, as most rows say United Kingdom\ntimezone: UTC" in text


def test_german_files(desk: Desk) -> None:
    desk.write(
        "Bestellungen.csv", "Bestell-Nr;Kundennummer;Bestelldatum;Gesamtbetrag;Währung;Status",
        "1001;K1;31.01.2024 10:15;1.234,50;EUR;bezahlt", "1002;K2;01.02.2024 11:00;8,99;EUR;storniert",
        "1003;K2;01.02.2024 12:00;19,99;EUR;Sonstiges", encoding="cp1252",
    )  # fmt: skip
    desk.write(
        "Kunden.csv", "Kundennummer;Vorname;Nachname;E-Mail;PLZ;Ort;Anlagedatum",
        "K1;Änne;Öz;a@example.org;01067;Köln;01.12.2023", "K2;Bo;Li;b@example.org;80331;München;15.12.2023",
    )  # fmt: skip
    draft = desk.draft("Bestellungen.csv", "Kunden.csv")
    assert draft.entities == {"customers": ["Kunden.csv"], "orders": ["Bestellungen.csv"]}
    assert "which of placed, paid, shipped, completed, cancelled?" in draft.text
    assert desk.spec("orders")["encoding"] == "cp1252"
    report = desk.load()
    assert [e.rows_refused for e in report.entities] == [0, 0]
    assert desk.rows("orders", "amount, status, ordered_at")[2] == (
        Decimal("1234.5000"), "paid", dt.datetime(2024, 1, 31, 10, 15),
    )  # fmt: skip
    assert desk.rows("customers", "full_name, postcode, registered_at")[1] == (
        "Änne Öz",
        "01067",
        dt.datetime(2023, 12, 1),
    )


def test_jsonl_with_offsets_asks_nothing_of_the_time_zone(desk: Desk) -> None:
    desk.write(
        "purchases.jsonl",
        '{"order_id": 1, "user_id": "u1", "created_at": "2024-05-01T10:00:00+02:00", "total": 9.5, "currency": "USD"}',
        '{"order_id": 2, "user_id": "u2", "created_at": "2024-05-02T10:00:00+02:00", "total": 1.5, "currency": "USD"}',
    )
    draft = desk.draft("purchases.jsonl")
    assert list(draft.entities) == ["customers", "orders"]
    assert "which clock" not in draft.text
    assert "currency: USD" in draft.text
    desk.load()
    assert desk.rows("orders", "order_id, ordered_at")[0] == ("1", dt.datetime(2024, 5, 1, 8))


@pytest.mark.parametrize(
    ("days", "form", "is_asked"),
    [
        (("01/02/2024", "03/04/2024"), "%d/%m/%Y", True),
        (("01/02/2024", "13/04/2024"), "%d/%m/%Y", False),
        (("01/02/2024", "03/14/2024"), "%m/%d/%Y", False),
        (("01.02.2024", "03.04.2024"), "%d.%m.%Y", False),
    ],
)
def test_day_or_month_first(desk: Desk, days: tuple[str, str], form: str, is_asked: bool) -> None:
    lines = [f"o{n},c{n},{day},1.50" for n, day in enumerate(days)]
    desk.write("orders.csv", "order_id,customer_id,order_date,amount", *lines)
    text = desk.draft("orders.csv").text
    assert desk.spec("orders")["types"]["order_date"] == f"timestamp {form}"
    assert ("day or month first?" in text) == is_asked
    assert desk.load()["orders"].rows_landed == 2


def test_what_is_missing_stands_as_a_placeholder(desk: Desk) -> None:
    desk.write("orders.csv", "order_id,customer_id,order_date", "o1,c1,2024-01-01", "o2,c1,2024-01-02")
    text = desk.draft("orders.csv").text
    assert "-- ? FILL IN, required: what the customer pays" in text
    report = desk.load(check=True)
    assert [(r.column, r.kind, r.rows) for r in report["orders"].reasons] == [("amount", "is empty", 2)]


def test_lines_take_customer_and_time_from_the_orders(desk: Desk) -> None:
    desk.write("orders.csv", "order_id,customer_id,order_date,total_amount", "1,c1,2024-01-01,5", "2,c2,2024-01-02,6")
    desk.write(
        "order_items.csv",
        "order_item_id,order_id,product_id,quantity,unit_price",
        "1,1,p,1,5",
        "2,2,p,2,3",
        "3,2,q,1,1",
    )
    desk.draft("orders.csv", "order_items.csv")
    assert desk.spec("order_items")["lookups"] == {"order_heads": "orders.csv"}
    assert desk.load()["order_items"].rows_landed == 3
    assert desk.rows("order_items", "customer_id, amount") == [("c1", 5), ("c2", 1), ("c2", 6)]


def test_versions_of_a_row_are_told_apart(desk: Desk) -> None:
    rows = [
        f"{n},c{n},2024-01-0{n},{n}.50,{s},2024-01-1{d}" for n in range(1, 5) for d, s in ((0, "paid"), (5, "shipped"))
    ]
    desk.write("orders.csv", "order_id,customer_id,order_date,amount,status,exported_at", *rows)
    assert "keys repeat" in desk.draft("orders.csv").text
    report = desk.load()["orders"]
    assert (report.rows_landed, report.rows_corrected) == (8, 4)


def test_monthly_files_are_one_entity(desk: Desk) -> None:
    for month in (1, 2):
        row = f"o{month},c1,2024-0{month}-01,5.50"
        desk.write(f"orders_{month}.csv", "order_id,customer_id,order_date,amount", row)
    desk.draft("orders_1.csv", "orders_2.csv")
    assert desk.spec("orders")["path"] == ["orders_1.csv", "orders_2.csv"]
    assert desk.load()["orders"].rows_landed == 2


def test_an_unknown_file_is_said_to_be_one(desk: Desk) -> None:
    desk.write("orders.csv", "order_id,customer_id,order_date,amount", "o1,c1,2024-01-01,5")
    desk.write("weather.csv", "station,temperature,humidity", "A,3.5,80", "B,4.5,81")
    draft = desk.draft("orders.csv", "weather.csv")
    assert draft.unknown["weather.csv"].startswith("no entity fits")
    assert "# not mapped: weather.csv" in draft.text
    with pytest.raises(LandingError, match=r"weather\.csv: no entity fits(.|\n)*data_contract\.md"):
        desk.draft("weather.csv")
    with pytest.raises(LandingError, match="no such file"):
        desk.draft("nowhere.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"order_id,customer_id,order_date,amount\n", "holds a header and no rows"),
        (b"id,id\n1,2\n", "two columns of that name"),
        (bytes(range(256)) * 50, "is no UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(desk: Desk, content: bytes, words: str) -> None:
    (desk.folder / "orders.csv").write_bytes(content)
    with pytest.raises(LandingError, match=words):
        desk.draft("orders.csv")


def test_a_file_of_two_meanings_is_asked_about(desk: Desk) -> None:
    desk.write("list.csv", "id,user,created,price", "1,u1,2024-01-01,5.25", "2,u2,2024-01-02,6.50")
    assert " could as well be " in desk.draft("list.csv").text


def test_the_command_says_what_to_do_next_and_overwrites_nothing(desk: Desk) -> None:
    files, out = str(desk.write("export.csv", *LINES)), str(desk.folder / "new" / "mapping.yml")
    done = CliRunner().invoke(app, ["map", files, "--out", out])
    assert done.exit_code == 0, done.output
    assert f"next: clientele load {out} --check" in done.output
    again = CliRunner().invoke(app, ["map", files, "--out", out])
    assert again.exit_code == 2
    assert "--force" in again.output
    assert CliRunner().invoke(app, ["map", files, "--out", out, "--force"]).exit_code == 0
    checked = CliRunner().invoke(app, ["load", out, "--check", "--home", str(desk.folder / "home")])
    assert checked.exit_code == 0, checked.output
