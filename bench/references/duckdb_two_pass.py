"""DuckDB by hand, in two passes over the events: all of the lifetime, and again the last 90 days."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from bench.references import common

AT = f"timestamp '{common.SNAPSHOT} 00:00:00'"


def build(lake: Path, out: Path) -> None:
    """Write the table customer_features into the database `out`."""
    with duckdb.connect(str(out), config={"storage_compatibility_version": "v1.5.0"}) as con:
        con.execute(f"set memory_limit = '{os.environ['CLIENTELE_MEMORY']}'")
        con.execute("set threads = 2")
        con.execute(f"create table customer_features as {query(lake)}")


def _known(clock: str) -> str:
    return f"{clock} < {AT} and loaded_at < {AT} + interval '{common.GRACE_HOURS}' hour"


def _windowed(aggregate: str, name: str, clock: str, kind: str = "bigint", where: str = "") -> str:
    """One aggregate over each window; the rows are those of the longest."""
    columns = []
    for days in common.WINDOWS:
        bounds = [f"{clock} >= {AT} - interval '{days}' day"] if days < common.WINDOWS[-1] else []
        bounds += [where] if where else []
        narrowed = f"{aggregate} filter (where {' and '.join(bounds)})" if bounds else aggregate
        columns.append(f"cast({narrowed} as {kind}) as {name}_{days}d")
    return ", ".join(columns)


def _days(earlier: str, later: str) -> str:
    return f"((epoch_us({later}) - epoch_us({earlier})) / 86400000000.0::double)"


MEASURES = {
    "recency": f"-{_days('last_ordered_at', AT)}",
    "frequency": "bought.n_orders_lifetime::double",
    "monetary": "bought.spend_lifetime::double",
}
PLACES = {
    "recency": "floor(n_buyers * {} / 5.0) + 1",
    "frequency": "ceil(n_buyers * {} / 5.0)",
    "monetary": "ceil(n_buyers * {} / 5.0)",
}


def _lifetimes(lake: Path) -> str:
    """First pass: all that was ever known."""
    return f"""
    bought as (
        select
            customer_id,
            count(*) as n_orders_lifetime,
            cast(sum(amount) as decimal(28, 4)) as spend_lifetime,
            cast(sum(discount_amount) as decimal(28, 4)) as discount_lifetime,
            min(ordered_at) as first_ordered_at,
            max(ordered_at) as last_ordered_at
        from read_parquet('{lake}/orders.parquet')
        where {_known("ordered_at")} and status <> 'cancelled'
        group by customer_id
    ),

    visited as (
        select customer_id, count(*) as n_sessions_lifetime, max(started_at) as last_started_at
        from read_parquet('{lake}/sessions.parquet')
        where {_known("started_at")} and customer_id is not null
        group by customer_id
    )"""


def _recent(lake: Path) -> str:
    """Second pass: the last 90 days; sorted files make the engine skip the rest."""
    since = f"{AT} - interval '{common.WINDOWS[-1]}' day"
    channels = ", ".join(
        f"count(*) filter (where channel = '{channel}') as n_{channel}_orders_90d" for channel in common.CHANNELS
    )
    sums = ", ".join(_windowed(f"sum({column})", name, "started_at") for name, column in common.SESSION_SUMS.items())
    return f"""
    bought_recently as (
        select
            customer_id,
            {_windowed("count(*)", "n_orders", "ordered_at")},
            {_windowed("sum(amount)", "spend", "ordered_at", "decimal(28, 4)")},
            cast(sum(discount_amount) as decimal(28, 4)) as discount_90d,
            {_days("min(ordered_at)", "max(ordered_at)")} / nullif(count(*) - 1, 0) as gap_mean_90d_days,
            {channels}
        from read_parquet('{lake}/orders.parquet')
        where {_known("ordered_at")} and ordered_at >= {since} and status <> 'cancelled'
        group by customer_id
    ),

    visited_recently as (
        select
            customer_id,
            {_windowed("count(*)", "n_sessions", "started_at")},
            {sums},
            {_windowed("count(*)", "n_conversions", "started_at", where="is_converted")},
            count(*) filter (where device in ('mobile', 'app')) as n_mobile_sessions_90d
        from read_parquet('{lake}/sessions.parquet')
        where {_known("started_at")} and started_at >= {since} and customer_id is not null
        group by customer_id
    )"""


def _rfm() -> str:
    """Quintiles of the sampled buyers: the value at each fifth of the ranking."""
    ranks = ", ".join(f"row_number() over (order by {m}) as {m}_rank" for m in MEASURES)
    cuts = ", ".join(
        f"max({m}) filter (where {m}_rank = {PLACES[m].format(fifth)}) as {m}_{fifth}"
        for m in MEASURES
        for fifth in range(1, 5)
    )
    return f"""
    sampled as (
        select {", ".join(f"{sql} as {m}" for m, sql in MEASURES.items())}
        from customers inner join bought using (customer_id)
        where is_sampled
    ),

    quintiles as (select {cuts} from (select *, {ranks}, count(*) over () as n_buyers from sampled))"""


def _score(measure: str) -> str:
    steps = " + ".join(
        f"({MEASURES[measure]} {common.ABOVE[measure]} quintiles.{measure}_{fifth})::integer" for fifth in range(1, 5)
    )
    return f"case when bought.n_orders_lifetime > 0 then (1 + {steps})::integer end"


def _engagement() -> str:
    """The weighted sum over the sources that have landed."""
    weights = common.engagement_weights()
    observed = {"sessions": "n_sessions_30d", "page_views": "n_page_views_30d", "orders": "n_orders_90d"}
    parts = [
        f"{weights[c][0]} * least(coalesce({column}, 0) / {weights[c][1]}::double, 1)" for c, column in observed.items()
    ]
    return f"100 * ({' + '.join(parts)}) / {sum(weights[c][0] for c in observed)}::double"


def _share(part: str, whole: str) -> str:
    return f"({part})::double / nullif(({whole})::double, 0)"


def _derived() -> dict[str, str]:
    """Columns that are calculated from the joined rows."""
    return {
        "tenure_days": _days("registered_at", AT),
        "age_years": f"date_sub('year', birth_date, {AT})::integer",
        "recency_days": _days("last_ordered_at", AT),
        "days_since_first_order": _days("first_ordered_at", AT),
        "gap_mean_days": f"{_days('first_ordered_at', 'last_ordered_at')} / nullif(bought.n_orders_lifetime - 1, 0)",
        "gap_trend": "gap_mean_90d_days / nullif(gap_mean_days, 0)",
        "recency_to_gap": "recency_days / nullif(gap_mean_days, 0)",
        "aov_lifetime": _share("bought.spend_lifetime", "bought.n_orders_lifetime"),
        "aov_90d": _share("bought_recently.spend_90d", "bought_recently.n_orders_90d"),
        "discount_lifetime_share": _share("discount_lifetime", "discount_lifetime + bought.spend_lifetime"),
        "discount_90d_share": _share("discount_90d", "discount_90d + bought_recently.spend_90d"),
        **{
            f"{channel}_orders_90d_share": _share(f"n_{channel}_orders_90d", "bought_recently.n_orders_90d")
            for channel in common.CHANNELS
        },
        "session_recency_days": _days("last_started_at", AT),
        "session_duration_mean_90d_s": _share(
            "visited_recently.session_duration_s_90d", "visited_recently.n_sessions_90d"
        ),
        "conversion_90d_share": _share("visited_recently.n_conversions_90d", "visited_recently.n_sessions_90d"),
        "mobile_sessions_90d_share": _share("n_mobile_sessions_90d", "visited_recently.n_sessions_90d"),
        **{f"{measure}_score": _score(measure) for measure in MEASURES},
        "engagement_score": _engagement(),
    }


def _column(name: str, kind: str, derived: dict[str, str]) -> str:
    if name in derived:
        return f"{derived[name]} as {name}"
    if name in common.CONSTANTS:
        return f"'{common.CONSTANTS[name]}'::{kind} as {name}"
    if name in common.NULLS:
        return f"null::{kind} as {name}"
    return f"coalesce({name}, 0) as {name}" if name in common.ZERO_IF_NONE else name


def query(lake: Path) -> str:
    """The select of all columns."""
    derived = _derived()
    columns = ",\n        ".join(_column(name, kind, derived) for name, kind in common.COLUMNS.items())
    return f"""
    with customers as (
        select
            *,
            cast(cast('0x' || substr(md5(customer_id), 1, 7) as bigint) as double) / 268435456
            * count(*) over () < {common.SAMPLED_CUSTOMERS} as is_sampled
        from read_parquet('{lake}/customers.parquet')
        where {_known("registered_at")}
    ),
    {_lifetimes(lake)},
    {_recent(lake)},
    {_rfm()}

    select
        {columns}
    from customers
    left join bought using (customer_id)
    left join visited using (customer_id)
    left join bought_recently using (customer_id)
    left join visited_recently using (customer_id)
    cross join quintiles"""
