"""What to know after a run: what was built, how the business does, what warned, what to open next."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table

from clientele.querying import open_build

SEGMENTS = """
select rfm_segment, count(*), sum(total_spent), any_value(treatment)
from marts.customer_profile inner join marts.customer_rfm_segments using (customer_id, rfm_segment)
group by rfm_segment order by sum(total_spent) desc
"""
RECENT = """
select
    date_trunc('month', activity_date)::date, sum(n_orders)::bigint, sum(revenue), sum(refund),
    sum(n_sessions)::bigint, sum(n_converted_sessions) / nullif(sum(n_sessions), 0)
from marts.business_daily
where activity_date >= (
    select date_trunc('month', max(snapshot_date) - interval 1 day - interval 5 month) from marts.customer_profile
)
group by all order by 1
"""
AT_RISK = """
select
    risk_level, count(*), sum(churn_probability)::bigint, sum(clv_365d)::bigint, sum(value_at_risk)::bigint,
    any_value(recommended_action)
from marts.value_at_risk group by risk_level order by min(churn_probability) desc
"""
OVERVIEW = """
select
    any_value(snapshot_date), count(*), count(*) filter (where n_orders > 0), any_value(feature_version)
from marts.customer_profile
"""
LANDED = """
select coalesce(sum(rows_landed), 0)::bigint, coalesce(sum(rows_refused), 0)::bigint, max(batch)
from governance.landings
"""


def _table(title: str, columns: list[str], rows: list[tuple]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="left" if number == 0 or column == "treatment" else "right", no_wrap=number == 0
        )
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    return table


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1%}"
    return f"{value:,.0f}" if not isinstance(value, str) and hasattr(value, "__round__") else str(value)


def show(console: Console, home: Path, currency: str = "EUR") -> None:
    """Print the summary of the build in `home` to a console."""
    console.print(_summary(home, currency))


def _summary(home: Path, currency: str) -> RenderableType:
    with open_build(home) as connection:
        snapshot, customers, buyers, version = connection.execute(OVERVIEW).fetchall()[0]
        landed, refused, batches = connection.execute(LANDED).fetchall()[0]
        months = connection.execute(RECENT).fetchall()
        segments = connection.execute(SEGMENTS).fetchall()
        at_risk = connection.execute(AT_RISK).fetchall()
    headline = (
        f"Snapshot {snapshot}, what was known when that day began: {customers:,} customers, {buyers:,} with orders.\n"
        f"From {landed:,} rows in {batches} loads ({refused:,} refused, see `clientele rejects`). Features {version}."
    )
    return Group(
        "",
        headline,
        "",
        _table(
            "The last months (UTC)",
            ["month", "orders", f"revenue {currency}", f"refunds {currency}", "sessions", "conversion"],
            months,
        ),
        "",
        _table(
            "Value at risk: churn probability times value of the next 365 days",
            ["risk", "customers", "lost (expected)", f"value {currency}", f"at risk {currency}", "treatment"],
            at_risk,
        ),
        "",
        _table("RFM segments", ["segment", "customers", f"spent {currency}", "treatment"], segments),
    )
