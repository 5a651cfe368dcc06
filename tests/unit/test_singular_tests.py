"""The singular tests of dbt notice what is missing, and not only what is wrong."""

from __future__ import annotations

import duckdb
import jinja2
import pytest

from clientele.contract import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "dbt_project" / "tests" / "singular"

MONTH = "select 2 as n_orders, 20 as revenue, 1 as refund, 19 as net_revenue, 3 as n_sessions"
CAMPAIGN = "select 'all_time' as period, 1 as clicks, 10 as cost_amount"
CHANNEL = (
    "select 'all_time' as period, unnest(['all', 'email']) as channel, 1 as n_campaigns, 1 as clicks, 10 as cost_amount"
)
SCORE = "select 'c' as customer_id, 600 as score, 0.5 as pd, 600 as pd_offset, 20 as factor"
BANDS = "from (values ('A', 0, 0.1), ('B', 0.1, 1.01)) as bands(band, pd_from, pd_to)"
TIERS = "from (values ('top', 0, 0.2), ('rest', 0.2, 1)) as tiers(tier, share_from, share_to)"
# What each test reads where nothing is wrong.
WHOLE = {
    "business_months_add_up_to_the_days": {"business_monthly": MONTH, "business_daily": MONTH},
    "campaign_summaries_add_up": {"campaign_summary": CAMPAIGN, "channel_summary": CHANNEL},
    "credit_probability_follows_from_the_score": {"credit_scores": SCORE},
    "credit_bands_cover_every_probability_once": {"credit_bands": BANDS},
    "value_tiers_cover_all_value": {"value_tiers": TIERS},
}
MISSING = [
    ("business_months_add_up_to_the_days", "business_monthly", "true"),
    ("business_months_add_up_to_the_days", "business_daily", "true"),
    ("campaign_summaries_add_up", "campaign_summary", "true"),
    ("campaign_summaries_add_up", "channel_summary", "true"),
    ("campaign_summaries_add_up", "channel_summary", "channel = 'all'"),
    ("campaign_summaries_add_up", "channel_summary", "channel = 'email'"),
    ("credit_bands_cover_every_probability_once", "credit_bands", "true"),
    ("credit_bands_cover_every_probability_once", "credit_bands", "band = 'A'"),
    ("credit_bands_cover_every_probability_once", "credit_bands", "band = 'B'"),
    ("value_tiers_cover_all_value", "value_tiers", "true"),
    ("value_tiers_cover_all_value", "value_tiers", "tier = 'top'"),
    ("value_tiers_cover_all_value", "value_tiers", "tier = 'rest'"),
]


def failures(name: str, *changes: str) -> int:
    """Rows that a test finds, after changes of the tables it reads."""
    source = (FOLDER / f"{name}.sql").read_text()
    sql = jinja2.Environment().from_string(source).render(ref=lambda model: model, config=lambda **_: "")
    with duckdb.connect() as connection:
        for table, rows in WHOLE[name].items():
            connection.execute(f"create table {table} as {rows}")
        for change in changes:
            connection.execute(change)
        return len(connection.execute(sql).fetchall())


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole_passes(name: str) -> None:
    assert failures(name) == 0


@pytest.mark.parametrize(("name", "table", "rows"), MISSING)
def test_missing_rows_are_noticed(name: str, table: str, rows: str) -> None:
    assert failures(name, f"delete from {table} where {rows}") > 0


@pytest.mark.parametrize("column", ["pd", "pd_offset", "factor"])
def test_a_probability_that_cannot_be_told_is_noticed(column: str) -> None:
    assert failures("credit_probability_follows_from_the_score", f"update credit_scores set {column} = null") == 1
