"""UCI Online Retail: every line accounted for, money to the cent, and no snapshot that knows its future."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from clientele.landing import LoadReport
from tests.point_in_time import lakes
from tests.point_in_time.warehouse import FEATURES, build, differences
from tests.real_data.building import lake, one, warehouse

LINES, INVOICES, CUSTOMERS, WITHOUT_CUSTOMER, COUNTRIES, REPEATS = 541_909, 25_900, 4_372, 135_080, 38, 5_268
Loaded = tuple[Path, LoadReport]


@pytest.fixture(scope="module")
def file(real_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file itself as the table `lines`, read without the loader."""
    with duckdb.connect() as con:
        con.execute(
            "create table lines as select *, InvoiceNo like 'C%' as is_cancelled, "
            "Quantity::int * UnitPrice::decimal(18, 4) as amount "
            f"from read_csv('{real_data}/online_retail/online_retail.csv.gz', all_varchar = true)"
        )
        yield con


def test_the_file_is_the_published_one(file: duckdb.DuckDBPyConnection) -> None:
    counts = one(
        file,
        "select count(*), count(distinct InvoiceNo), count(distinct CustomerID), "
        "count(*) filter (CustomerID is null), count(distinct Country), count(*) - count(distinct lines) from lines",
    )
    assert counts == (LINES, INVOICES, CUSTOMERS, WITHOUT_CUSTOMER, COUNTRIES, REPEATS)


def test_every_line_landed_or_was_refused_by_a_reason(online_retail: Loaded) -> None:
    _, report = online_retail
    items, returns = report["order_items"], report["returns"]
    reasons = [(e.entity, r.column, r.kind, r.rows) for e in (items, returns) for r in e.reasons]
    assert reasons == [
        ("order_items", "customer_id", "is empty", 134_697),
        ("returns", "customer_id", "is empty", 383),
    ]
    assert items.rows_refused + returns.rows_refused == WITHOUT_CUSTOMER
    assert (items.rows_landed, returns.rows_landed) == (397_924, 8_905)
    assert items.rows_landed + returns.rows_landed + WITHOUT_CUSTOMER == LINES
    assert items.rows_known + returns.rows_known == 0
    assert items.source_rows == returns.source_rows == LINES


def test_every_invoice_and_customer(online_retail: Loaded) -> None:
    home, report = online_retail
    with duckdb.connect() as con:
        cancelled = one(
            con,
            f"select count(distinct split_part(id, '-', 1)) from (select return_id as id from {lake(home, 'returns')} "
            f"union all select row_json->>'return_id' from {lake(home, 'rejects/returns')})",
        )[0]
    assert report["orders"].rows_read + cancelled == INVOICES
    assert report["customers"].rows_landed == CUSTOMERS
    assert report["products"].rows_landed == 4_070


def test_money_to_the_cent(online_retail: Loaded, file: duckdb.DuckDBPyConnection) -> None:
    home, _ = online_retail
    sold, given_back = one(
        file,
        "select sum(amount) filter (not is_cancelled), -sum(amount) filter (is_cancelled) from lines "
        "where CustomerID is not null",
    )
    assert (sold, given_back) == (Decimal("8911407.9040"), Decimal("611342.0900"))
    with warehouse(home) as con:
        assert one(con, f"select sum(amount) from {lake(home, 'order_items')}") == (sold,)
        assert one(con, f"select sum(amount) from {lake(home, 'orders')}") == (sold,)
        assert one(con, f"select sum(refund_amount) from {lake(home, 'returns')}") == (given_back,)
        assert one(con, "select sum(revenue), sum(refund) from marts.business_daily") == (sold, given_back)
        spent = one(con, "select sum(total_spent), sum(total_refunded), count(*) from marts.customer_profile")
        assert spent == (sold, given_back, CUSTOMERS)


def test_every_customer_spent_what_the_file_says(online_retail: Loaded, file: duckdb.DuckDBPyConnection) -> None:
    home, _ = online_retail
    expected = file.execute(
        "select CustomerID::double::int::varchar as customer_id, "
        "sum(amount) filter (not is_cancelled) as spent, count(distinct InvoiceNo) filter (not is_cancelled) as orders "
        "from lines where CustomerID is not null group by 1 order by 1"
    ).fetchall()
    with warehouse(home) as con:
        found = con.execute(
            "select customer_id, nullif(total_spent, 0), n_orders from marts.customer_profile order by 1"
        ).fetchall()
    assert found == [(c, spent or None, orders) for c, spent, orders in expected]


def test_local_time_becomes_utc(online_retail: Loaded, file: duckdb.DuckDBPyConnection) -> None:
    home, _ = online_retail
    summer = one(file, "select min(InvoiceDate)::timestamp from lines where InvoiceDate >= '2011-07-01' and "
                       "CustomerID is not null and not is_cancelled")[0]  # fmt: skip
    with duckdb.connect() as con:
        rows = lake(home, "orders")
        landed = one(con, f"select min(ordered_at) + interval 1 hour from {rows} where ordered_at >= '2011-07-01'")[0]
    assert landed == summer


def test_the_newest_snapshot_follows_the_last_line(online_retail: Loaded) -> None:
    with warehouse(online_retail[0]) as con:
        newest = one(con, "select max(snapshot_date) from features.customer_features")[0]
    assert newest == date(2011, 12, 10)


def test_features_of_what_never_landed_are_null_and_take_no_room(online_retail: Loaded) -> None:
    counts = (
        "count(*) > 0, count_if(has_sessions), count(n_sessions_90d), count(n_tickets_90d), count(n_orders_90d) > 0"
    )
    with warehouse(online_retail[0]) as con:
        assert one(con, f"select {counts} from features.customer_features") == (True, 0, 0, 0, True)
        for group in ("feat_sessions", "feat_support", "feat_finance", "feat_emotion"):
            assert one(con, f"select count(*) from features.{group}") == (0,)


def test_snapshots_until_september_know_nothing_of_autumn(
    online_retail: Loaded, file: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """As-of replay: without what was not known on 1 September, every snapshot until then comes out the same."""
    september = date(2011, 9, 1)
    lakes.cut_lake(online_retail[0], tmp_path, september)
    build(tmp_path, select=FEATURES, snapshot_date=september, reporting_currency="GBP")
    with warehouse(tmp_path) as con:
        at_september = "count(*) filter (snapshot_date = '2011-09-01')"
        built = one(con, f"select {at_september}, count(distinct snapshot_date) from features.customer_features")
    known = one(file, f"select count(distinct CustomerID) from lines where InvoiceDate < '{september}'")
    assert built == (*known, 9)
    assert differences(online_retail[0], tmp_path, until=september) == {}


def test_models_are_fitted_on_it_and_score_everyone(online_retail: Loaded) -> None:
    """No sessions, no campaigns, no subscriptions, hardly a year: what can be fitted is, the rest says why."""
    home, _ = online_retail
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as con:
        champions = con.execute("select model_name from governance.model_registry where is_champion").fetchall()
        assert {"churn.non_contractual", "clv", "segments"} <= {name for (name,) in champions}
        scored = one(con, "select count(*), count(clv_365d), count(segment_id) from marts.customer_risk_scores")
        assert scored == (CUSTOMERS, CUSTOMERS, CUSTOMERS)
        bad = "clv_365d is null or not isfinite(clv_365d) or not isfinite(clv_365d_upper) or not isfinite(p_alive)"
        assert one(con, f"select count(*) from marts.customer_clv where {bad}") == (0,)
