"""What strangers' exports hold: amounts and times in many forms, states under other names, titles above headers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import openpyxl
import pytest
from typer.testing import CliRunner

from clientele.cli import app
from clientele.landing import LandingError

from .conftest import Desk

PAID = "order_id,customer_id,order_date,amount"


def orders(desk: Desk, column: str, *amounts: str, name: str = "bestellungen.csv") -> str:
    """Draft a German file of orders with these amounts and give its text."""
    lines = [f"{n};K{n};1{n}.01.2026;{amount};0,50" for n, amount in enumerate(amounts)]
    desk.write(name, f"Bestellnr;Kunde;Bestelldatum;{column};Rabatt", *lines)
    return desk.draft(name).text


def said(text: str) -> str:
    """The text without its line breaks and comment marks."""
    return " ".join(text.replace("--", " ").split())


def test_negatives_of_accountants_are_negative_and_asked_about(desk: Desk) -> None:
    totals = ('"$1,919.71"', "($919.71)", "$12.50", "12.50-", "-$3.00", "$-4.00")
    rows = [f"{n},c{n},2026-01-1{n},{total}" for n, total in enumerate(totals)]
    desk.write("orders.csv", "Order ID,Customer ID,Order Date,Total", *rows)
    text = said(desk.draft("orders.csv").text)
    assert "4 of 6 are negative, 1 in parentheses, 1 with the minus behind: returns, refunds or corrections?" in text
    report = desk.load()["orders"]
    assert (report.rows_landed, report.rows_refused) == (2, 4)
    assert desk.rows("orders", "amount") == [(Decimal("12.5000"),), (Decimal("1919.7100"),)]


@pytest.mark.parametrize("late", ["($5.00)", "5.00-", "5.00 EUR", "12 abc 5", "1.234,50"])
def test_what_the_sample_did_not_show_is_refused_and_never_another_number(
    desk: Desk, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clientele.mapping_draft.sample.ROWS", 2)
    rows = [f'{n},c,2026-01-1{n},"{total}"' for n, total in enumerate(("$1,919.71", "$2.50", late))]
    desk.write("orders.csv", PAID, *rows)
    desk.draft("orders.csv")
    report = desk.load()["orders"]
    assert (report.rows_landed, report.rows_refused) == (2, 1)


def test_negative_lines_of_accountants_are_returns(desk: Desk) -> None:
    rows = ["1,p,c,2026-01-01,$5.00", "1,q,c,2026-01-01,$6.00", "2,p,d,2026-01-02,$7.00", "2,q,d,2026-01-02,($2.00)"]
    desk.write("lines.csv", "order_id,product_id,customer_id,order_date,line_total", *rows)
    draft = desk.draft("lines.csv")
    assert "returns" in draft.entities
    desk.load()
    assert desk.rows("returns", "refund_amount") == [(Decimal("2.0000"),)]
    assert desk.rows("orders", "order_id, amount") == [("1", Decimal(11)), ("2", Decimal(7))]


@pytest.mark.parametrize("column", ["Bruttobetrag", "Summe EUR", "Gesamtbetrag", "Total incl. VAT", "Netto"])
@pytest.mark.parametrize("amounts", [("12,50 €", "1.008,99", "7"), ("12,50", "1.008,99", "7,00")])
def test_decimal_commas_under_many_names(desk: Desk, column: str, amounts: tuple[str, ...]) -> None:
    text = orders(desk, column, *amounts)
    assert "FILL IN" not in text
    assert desk.load()["orders"].rows_refused == 0
    assert desk.rows("orders", "amount, discount_amount") == [
        (Decimal(amount), Decimal("0.5")) for amount in ("7", "12.50", "1008.99")
    ]


def test_euros_with_a_decimal_point(desk: Desk) -> None:
    orders(desk, "Betrag", "€12.50", "€1,008.99", "€7.00")
    desk.load()
    assert desk.rows("orders", "amount") == [(Decimal("7"),), (Decimal("12.5"),), (Decimal("1008.99"),)]


@pytest.mark.parametrize(
    ("amounts", "landed"),
    [
        (("12.50", "12,75", "1.234,50", "1,234.75", "free"), ("12.50", "12.75", "1234.50", "1234.75")),
        (("12.50", "13.50", "12,75", "1.234,50"), ("12.50", "12.75", "13.50", "1234.50")),
        (("12,50", "13,50", "12.75", "1,234.50"), ("12.50", "12.75", "13.50", "1234.50")),
    ],
)
def test_a_column_of_that_name_is_used_whatever_it_holds(
    desk: Desk, amounts: tuple[str, ...], landed: tuple[str, ...]
) -> None:
    desk.write("orders.csv", PAID, *[f'{n},c,2026-01-1{n},"{amount}"' for n, amount in enumerate(amounts)])
    text = said(desk.draft("orders.csv").text)
    assert "? two formats: " in text
    assert ("1 of 5 cells are no amount, such as 'free': refused" in text) == ("free" in amounts)
    desk.load()
    assert desk.rows("orders", "amount") == [(Decimal(amount),) for amount in landed]


def test_a_column_of_that_name_and_no_sense_is_used_and_asked_about(desk: Desk) -> None:
    desk.write("orders.csv", PAID.replace("order_date", "ordered_at"), "1,c,soon,much", "2,c,later,more")
    text = said(desk.draft("orders.csv").text)
    assert "? amount has cells that do not look like a number, such as 'more', 'much': they are refused" in text
    assert "? ordered_at has cells that do not look like a time, such as 'later', 'soon'" in text
    assert "not used" not in text


def test_a_comma_that_could_be_either_is_asked_about(desk: Desk) -> None:
    assert "is the comma the decimal mark? 2 cells could be either" in said(orders(desk, "Betrag", "1,234", "2,345"))


def test_two_currencies_in_a_column_are_asked_about(desk: Desk) -> None:
    assert "several currencies in one column: EUR (2), USD (1)" in said(
        orders(desk, "Betrag", "1,50 €", "2 €", "$3,10")
    )


def test_fill_in_names_what_it_could_be(desk: Desk) -> None:
    text = said(orders(desk, "Warenkorb", "12,50", "8,99"))
    assert "? FILL IN, required: what the customer pays" in text
    assert "Is it Warenkorb?" in text


@pytest.mark.parametrize(
    ("written", "form"),
    [("19.02.26", "%d.%m.%y"), ("19/02/26 10:15", "%d/%m/%y %H:%M"), ("19.02.2026 10:15", "%d.%m.%Y %H:%M")],
)
def test_years_of_two_digits(desk: Desk, written: str, form: str) -> None:
    desk.write("orders.csv", PAID, f"1,c,{written},5.50", f"2,c,{written.replace('19', '20', 1)},6.50")
    desk.draft("orders.csv")
    assert desk.spec("orders")["types"]["order_date"] == f"timestamp {form}"
    assert desk.load()["orders"].rows_landed == 2
    assert desk.rows("orders", "ordered_at::date")[0] == (dt.date(2026, 2, 19),)


def test_german_customers_and_visits(desk: Desk) -> None:
    desk.write(
        "Kunden.csv", "Kundennummer;Name;Geburtsdatum;Angelegt am",
        "K1;A B;19.02.80;19.02.26 09:00", "K2;C D;20.03.55;20.02.26 09:30",
    )  # fmt: skip
    desk.write("besuche.csv", "session_id;kunde;beginn;dauer_sek;gekauft", "s1;K1;19.02.26 10:15;35;ja",
               "s2;K2;19.02.26 10:16;44;nein")  # fmt: skip
    text = said(desk.draft("Kunden.csv", "besuche.csv").text)
    assert "years of two digits: 00 to 68 are read as 2000 to 2068" in text
    desk.load()
    assert desk.rows("customers", "registered_at")[0] == (dt.datetime(2026, 2, 19, 9),)
    assert desk.rows("sessions", "duration_s, is_converted") == [(35, True), (44, False)]


def test_the_clock_that_is_asked_about_is_of_events(desk: Desk) -> None:
    desk.write(
        "customers.csv", "customer_id;Geburtsdatum;Angelegt am",
        "K1;1980-02-19 00:00:00;2026-01-01 09:00:00", "K2;1981-02-19 00:00:00;2026-01-02 09:00:00",
    )  # fmt: skip
    assert "which clock wrote Angelegt am of customers.csv? Taken" in desk.draft("customers.csv").text
    desk.write("customers.csv", "customer_id;Geburtsdatum;Angelegt am", "K1;1980-02-19 00:00:00;2026-01-01",
               "K2;1981-02-19 00:00:00;2026-01-02")  # fmt: skip
    assert "which clock" not in desk.draft("customers.csv").text


def test_a_state_under_another_name_takes_cancelled_orders_out(desk: Desk) -> None:
    states = ("Fulfilled", "Unfulfilled", "Refunded", "Cancelled", "Cancelled by customer")
    desk.write("orders.csv", PAID + ",Fulfillment", *[f"{n},c,2026-01-1{n},5.50,{s}" for n, s in enumerate(states)])
    text = said(desk.draft("orders.csv").text)
    assert "is Fulfillment the state of the order? It has 'Cancelled' (1), 'Cancelled by customer' (1)" in text
    assert desk.load()["orders"].rows_refused == 0
    assert [row[1] for row in desk.rows("orders", "order_id, status")] == [
        "completed", "placed", "completed", "cancelled", "cancelled",
    ]  # fmt: skip


def test_a_second_state_is_asked_about(desk: Desk) -> None:
    rows = [f"{n},c,2026-01-1{n},5.50,paid,{s}" for n, s in enumerate(("no", "storniert"))]
    desk.write("orders.csv", PAID + ",status,Abwicklung", *rows)
    assert "Abwicklung has 'storniert' (1) too: is an order cancelled" in said(desk.draft("orders.csv").text)


def test_lines_tell_which_orders_are_cancelled(desk: Desk) -> None:
    rows = ["1,p,5.00,Fulfilled", "1,q,6.00,Cancelled", "2,p,7.00,Cancelled", "2,q,8.00,Cancelled"]
    rows = [f"c,2026-01-01,{row}" for row in rows]
    desk.write("lines.csv", "customer_id,order_date,order_id,product_id,line_total,Fulfillment", *rows)
    assert "if all of them are" in said(desk.draft("lines.csv").text)
    desk.load()
    assert desk.rows("orders", "order_id, status") == [("1", "completed"), ("2", "cancelled")]


def test_a_folder_is_its_files(desk: Desk) -> None:
    desk.write("exports.yml", "version: 1")
    folder, out = desk.folder / "exports", desk.folder / "mapping.yml"
    folder.mkdir()
    with pytest.raises(LandingError, match="no file in that folder"):
        desk.draft("exports")
    (folder / "orders.csv").write_text(f"{PAID}\n1,c,2026-01-01,5.50\n")
    (folder / "notes.md").write_text("not an export")
    (folder / ".hidden.csv").write_text("x")
    done = CliRunner().invoke(app, ["map", str(folder), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "orders: from orders.csv" in done.output
    assert "not mapped" not in done.output
    assert desk.spec("orders")["path"] == "exports/orders.csv"
    assert desk.draft("exports", "exports/orders.csv").entities["orders"] == ["orders.csv"]


def test_a_title_above_the_header_of_a_sheet_is_said_to_be_one(desk: Desk) -> None:
    book = openpyxl.Workbook()
    rows = (["Orders of January"], [], ["order_id", "customer_id", "order_date", "amount"], [1, "c", "2026-01-01", 5.5])
    for row in rows:
        book.active.append(row)
    book.save(desk.folder / "orders.xlsx")
    with pytest.raises(LandingError, match=r"title \('Orders of January'\); the header seems to be row 3: order_id"):
        desk.draft("orders.xlsx")
    book.active.delete_rows(1, 2)
    book.save(desk.folder / "orders.xlsx")
    assert "orders" in desk.draft("orders.xlsx").entities
