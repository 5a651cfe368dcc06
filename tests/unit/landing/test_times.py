"""Local times become UTC by the mapping's zone; times that do not exist or exist twice are not guessed."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientele.landing import LandingError, zones

from .conftest import ORDERS, Shop, counts

LANDED = "select ordered_at::varchar from LAKE order by order_id"


def test_summer_and_winter(shop: Shop) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-07-01 12:00:00,1", "o2,c1,2024-12-01 12:00:00,1", timezone="Europe/London")
    assert shop.rows(LANDED) == [("2024-07-01 11:00:00",), ("2024-12-01 12:00:00",)]


def test_an_offset_in_the_text_counts(shop: Shop) -> None:
    lines = ["o1,c1,2024-07-01T12:00:00Z,1", "o2,c1,2024-07-01 12:00:00+02:00,1", "o3,c1,2024-07-01 12:00:00.5-0500,1"]
    shop.load_orders(ORDERS, *lines, timezone="America/New_York")
    assert shop.rows(LANDED) == [("2024-07-01 12:00:00",), ("2024-07-01 10:00:00",), ("2024-07-01 17:00:00.5",)]


def test_an_offset_counts_in_utc_mappings_too(shop: Shop) -> None:
    lines = ["o1,c1,2024-07-01 12:00+02,1", "o2,c1,2024-07-01 12:00:00+02,1"]
    shop.load_orders(ORDERS, *lines)
    assert shop.rows(LANDED) == [("2024-07-01 10:00:00",), ("2024-07-01 10:00:00",)]
    shop.load_orders(ORDERS, "o9,c1,2024-07-01 12:00:00+02,1", spec={"types": {"ordered_at": "timestamp"}})
    assert shop.rows("select ordered_at::varchar from LAKE where order_id = 'o9'") == [("2024-07-01 10:00:00",)]


@pytest.mark.parametrize(("policy", "landed"), [("earlier", "2024-10-27 00:30:00"), ("later", "2024-10-27 01:30:00")])
def test_the_repeated_hour(shop: Shop, policy: str, landed: str) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-10-27 01:30:00,1", timezone="Europe/London", ambiguous_times=policy)
    assert shop.rows(LANDED) == [(landed,)]


def test_the_repeated_and_the_skipped_hour_are_refused(shop: Shop) -> None:
    lines = ["o0,c1,no time,1", "o1,c1,2024-10-27 01:30:00,1", "o2,c1,2024-03-31 01:30:00,1"]
    report = shop.load_orders(ORDERS, *lines, timezone="Europe/London", check=True)
    # Each is a kind of its own, also in what is said without --check.
    for said in (report.lines(), shop.load_orders(ORDERS, *lines, timezone="Europe/London").lines()):
        told = " ".join(said)
        assert "1 refused: orders.ordered_at is not a time, e.g. orders.csv row 2: ordered_at 'no time'" in told
        assert "1 refused: orders.ordered_at happens twice in Europe/London, e.g. orders.csv row 3: " in told
        assert "set ambiguous_times to earlier or later" in told
        assert "1 refused: orders.ordered_at does not exist in Europe/London, e.g. orders.csv row 4: " in told
    assert counts(report) == (3, 0, 0, 3)
    reasons = [row[4] for row in shop.rejects()]
    assert "happens twice in Europe/London: set ambiguous_times" in reasons[1]
    assert "does not exist in Europe/London" in reasons[2]


def test_zone_of_the_entity_wins_and_dates_do_not_shift(shop: Shop) -> None:
    shop.write("fx.csv", "rate_date,from_currency,to_currency,rate", "2024-07-01,USD,EUR,0.9")
    spec = {"path": "fx.csv", "timezone": "Asia/Tokyo"}
    shop.load({"fx_rates": spec})
    assert shop.rows("select rate_date::varchar, loaded_at::varchar from LAKE", "fx_rates") == [
        ("2024-07-01", "2024-07-01 00:00:00")
    ]
    shop.load_orders(ORDERS, "o1,c1,2024-07-01,1", spec={"timezone": "Asia/Tokyo"}, timezone="UTC")
    assert shop.rows(LANDED) == [("2024-06-30 15:00:00",)]


def test_unknown_zone_names_near_ones(shop: Shop) -> None:
    with pytest.raises(LandingError, match="Europe/London"):
        shop.load_orders(ORDERS, timezone="Europe/Londn")


@settings(deadline=None, max_examples=50)
@given(
    st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2060, 1, 1)),
    st.sampled_from(["Europe/London", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.sampled_from([0, 1]),
)
def test_the_case_tree_agrees_with_zoneinfo(local: dt.datetime, zone: str, fold: int) -> None:
    sql = zones.to_utc_sql("t", zone, "later" if fold else "earlier")
    with duckdb.connect() as con:
        row = con.execute(f"select {sql} from (select timestamp '{local}' as t)").fetchone()
    expected = local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC)
    exists = expected.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    assert row == ((expected.replace(tzinfo=None) if exists else None),)
