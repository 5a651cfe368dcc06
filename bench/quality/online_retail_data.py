"""UCI Online Retail (CC BY 4.0) as customers at a cut: window features, and whether they ordered in the time after it.

A customer-day's value is the net of its lines, returns included; an order is a customer-day of positive value. Columns
are named as in customer_features.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

FILE = "online_retail.csv.gz"
WINDOWS = (7, 30, 90)

DAYS = """
create table lines as
select
    CustomerID as customer_id,
    cast(cast(InvoiceDate as timestamp) as date) as day,
    InvoiceNo as invoice,
    InvoiceNo like 'C%' as is_return,
    StockCode as product_id,
    cast(Quantity as integer) as units,
    cast(Quantity as integer) * cast(UnitPrice as decimal(18, 4)) as amount,
    Country as country
from read_csv($file, all_varchar = true)
where CustomerID is not null;

create table days as
select
    customer_id,
    day,
    sum(amount) as spend,
    sum(units) filter (not is_return) as units,
    count(distinct product_id) filter (not is_return) as products,
    coalesce(-sum(amount) filter (is_return), 0) as refund,
    count(distinct invoice) filter (is_return) as n_returns,
    min(country) as country
from lines
group by customer_id, day
"""


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """The file as the tables `lines` and `days`, in memory."""
    con = duckdb.connect()
    for statement in DAYS.split(";\n"):
        con.execute(statement, {"file": str(folder / FILE)} if "$file" in statement else None)
    return con


def customers(con: duckdb.DuckDBPyConnection, cuts: Sequence[date], *, horizon: int = 90) -> pa.Table:
    """One row per cut and customer who ordered in the year before it, by cut and customer."""
    return pa.concat_tables([con.sql(_query(cut, horizon)).to_arrow_table() for cut in sorted(cuts)])


def _windowed(what: str, name: str) -> str:
    return ", ".join(f"coalesce({what} filter (day >= cut - {days}), 0) as {name}_{days}d" for days in WINDOWS)


def _query(cut: date, horizon: int) -> str:
    return f"""
with before as (select *, date '{cut}' as cut from days where day < date '{cut}' and day >= date '{cut}' - 365),

orders as (
    select
        customer_id,
        any_value(cut) as cut,
        arg_max(country, day) as country,
        {_windowed("count(*)", "n_orders")},
        {_windowed("sum(spend)", "spend")},
        {_windowed("sum(units)", "n_units")},
        {_windowed("sum(products)", "n_products")},
        count(*) as n_orders_lifetime,
        sum(units) as n_units_lifetime,
        sum(products) as n_products_lifetime,
        sum(spend) as spend_lifetime,
        max(spend) as spend_largest_order,
        arg_max(spend, day) as spend_last_order,
        max(day) as last_day,
        min(day) as first_day,
        max(day) filter (day >= cut - 90) - min(day) filter (day >= cut - 90) as days_90d
    from before
    where spend > 0
    group by customer_id
),

returns as (
    select
        customer_id,
        {_windowed("sum(n_returns)", "n_returns")},
        {_windowed("sum(refund)", "refund")},
        sum(n_returns) as n_returns_lifetime,
        sum(refund) as refund_lifetime
    from before
    group by customer_id
),

after as (
    select distinct customer_id from days
    where spend > 0 and day >= date '{cut}' and day < date '{cut}' + {horizon}
)

select
    orders.* exclude (cut, last_day, first_day, days_90d),
    returns.* exclude (customer_id),
    cut - last_day as recency_days,
    cut - first_day as days_since_first_order,
    (last_day - first_day) / nullif(n_orders_lifetime - 1, 0) as gap_mean_days,
    days_90d / nullif(n_orders_90d - 1, 0) as gap_mean_90d_days,
    gap_mean_90d_days / nullif(gap_mean_days, 0) as gap_trend,
    recency_days / nullif(gap_mean_days, 0) as recency_to_gap,
    spend_lifetime / n_orders_lifetime as aov_lifetime,
    spend_90d / nullif(n_orders_90d, 0) as aov_90d,
    refund_lifetime / nullif(refund_lifetime + spend_lifetime, 0) as refund_lifetime_share,
    cut as snapshot_date,
    after.customer_id is null as is_churned
from orders
inner join returns using (customer_id)
left join after using (customer_id)
order by customer_id
"""
