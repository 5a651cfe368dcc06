"""What the contract holds a row to, and how a refusal reads."""

from __future__ import annotations

import pytest

from clientele.landing import LandingError

from .conftest import ORDERS, Shop, counts


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("o1,,2024-01-01,1", "customer_id", "customer_id is empty, but required"),
        ("o1,c1,2024-13-01,1", "ordered_at", "ordered_at '2024-13-01' is not a time"),
        ("o1,c1,2024-01-01,n/a", "amount", "amount 'n/a' is not a number"),
        ("o1,c1,2024-01-01,123456789012345.0", "amount", "is not a number"),
        ("o1,c1,2024-01-01,nan", "amount", "is not a number"),
        ("o1,c1,2024-01-01,-1", "amount", "is below 0"),
        ("o1,c1,2026-06-03 00:00:00,1", "ordered_at", "lies in the future"),
        ("o1,c1,1899-12-31,1", "ordered_at", "before 1900"),
    ],
)
def test_a_refused_row_says_why(shop: Shop, row: str, column: str, reason: str) -> None:
    report = shop.load_orders(ORDERS, row)
    assert counts(report) == (1, 0, 0, 1)
    (refusal,) = shop.rejects()
    assert refusal[:3] == ("orders.csv", 2, column)
    assert reason in refusal[4]


def test_amounts_are_exact(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,0.10005", "o2,c1,2024-01-01,12345678901234.5678")
    assert shop.rows("select amount::varchar from LAKE order by order_id") == [("0.1001",), ("12345678901234.5678",)]


def test_accepted_values_take_the_contracts_spelling(shop: Shop) -> None:
    report = shop.load_orders(ORDERS + ",status", "o1,c1,2024-01-01,1,PAID", "o2,c1,2024-01-01,1,lost")
    assert counts(report) == (2, 1, 0, 1)
    assert shop.rows("select status from LAKE") == [("paid",)]
    assert "is none of placed, paid" in shop.rejects()[0][4]


def test_currency_default_spelling_and_unknown(shop: Shop) -> None:
    lines = ["o1,c1,2024-01-01,1,", "o2,c1,2024-01-01,1,usd", "o3,c1,2024-01-01,1,€"]
    report = shop.load_orders(ORDERS + ",currency", *lines)
    assert shop.rows("select currency from LAKE order by order_id") == [("EUR",), ("USD",)]
    assert "ISO 4217" in shop.rejects()[0][4]
    assert "fx_rates" in report.warnings[0]


def test_money_without_any_currency_is_an_error(shop: Shop) -> None:
    with pytest.raises(LandingError, match="no currency"):
        shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", currency=None)
    report = shop.load_orders(ORDERS + ",currency", "o1,c1,2024-01-01,1,", currency=None)
    assert counts(report) == (1, 0, 0, 1)


def test_currency_of_the_entity_wins(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1", spec={"currency": "GBP"})
    assert shop.rows("select currency from LAKE") == [("GBP",)]


def test_declared_types_refuse_source_rows_before_the_sql(shop: Shop) -> None:
    sql = (
        "select id as order_id, c as customer_id, max(day) as ordered_at, sum(n * price) as amount "
        "from source group by all"
    )
    shop.write(
        "orders.csv", "id,c,day,n,price", "a,c1,01/02/2024,2,1.50", "a,c1,01/02/2024,x,1.50", "b,c1,32/01/2024,1,2"
    )
    types = {"day": "timestamp %d/%m/%Y", "n": "integer", "price": "decimal"}
    report = shop.load({"orders": {"path": "orders.csv", "types": types, "sql": sql}})
    assert counts(report) == (3, 1, 0, 2)
    assert shop.rows("select amount::varchar, ordered_at::varchar from LAKE") == [("3.0000", "2024-02-01 00:00:00")]
    assert [(row[1], row[4]) for row in shop.rejects()] == [
        (3, "n 'x' is not a whole number"),
        (4, "day '32/01/2024' is not a time of the form %d/%m/%Y"),
    ]


def test_whole_numbers_are_not_rounded(shop: Shop) -> None:
    shop.write(
        "sessions.csv", "session_id,started_at,page_views", "s1,2024-01-01,3.0", "s2,2024-01-01,3.5", "s3,2024-01-01,4"
    )
    report = shop.load({"sessions": {"path": "sessions.csv"}})
    assert counts(report, "sessions") == (3, 2, 0, 1)
    assert shop.rows("select page_views from LAKE order by 1", "sessions") == [(3,), (4,)]


def test_numbers_out_of_bounds_and_not_finite(shop: Shop) -> None:
    shop.write("fx.csv", "rate_date,from_currency,to_currency,rate", "2024-01-01,USD,EUR,0.9", "2024-01-02,USD,EUR,0",
               "2024-01-03,USD,EUR,inf", "2024-01-04,XXY,EUR,1")  # fmt: skip
    report = shop.load({"fx_rates": {"path": "fx.csv"}})
    assert counts(report, "fx_rates") == (4, 1, 0, 3)


def test_a_rate_in_percent_is_no_fraction(shop: Shop) -> None:
    """Were the lower half of them taken for fractions, a file in percent would be split without a word."""
    shop.write("loans.csv", "loan_id,customer_id,opened_at,principal_amount,interest_rate",
               "l1,c1,2024-01-01,100,0.079", "l2,c1,2024-01-01,100,3.9", "l3,c1,2024-01-01,100,7.9")  # fmt: skip
    report = shop.load({"loans": {"path": "loans.csv"}})
    assert counts(report, "loans") == (3, 1, 0, 2)


def test_planned_moments_may_lie_ahead(shop: Shop) -> None:
    shop.write("campaigns.csv", "campaign_id,starts_at,budget_amount", "k1,2027-01-01,5", "k2,,5")
    report = shop.load({"campaigns": {"path": "campaigns.csv"}})
    assert counts(report, "campaigns") == (2, 2, 0, 0)
    landed = shop.rows("select campaign_id, loaded_at::varchar from LAKE order by 1", "campaigns")
    assert landed == [("k1", "2026-06-01 12:00:00"), ("k2", "1970-01-01 00:00:00")]


def test_the_whole_row_is_kept(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,n/a")
    row = shop.rows("select row_json from LAKE", kind="rejects/")[0][0]
    assert row == '{"order_id":"o1","customer_id":"c1","ordered_at":"2024-01-01","amount":"n/a"}'
