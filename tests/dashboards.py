"""What the tests of the dashboards share: reading pages without a browser, and publications that have a past."""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import components, data

WITHIN_S = 120
logging.getLogger("streamlit").setLevel(logging.ERROR)

EARLIER = "(select * from (values ('previous', 1), ('month', 30)) as earlier(compared_with, days))"
CHANGED = ("n_active", "n_high_risk", "churners_expected", "churn_probability_mean", "value_at_risk")
# Every segment had the name of another, as after a refit, and as many customers less as its id is high.
CALLED_THEN = """(
    select segment_id, coalesce(lead(segment_name) over ids, first_value(segment_name) over ids) as called_then
    from marts.segments window ids as (order by segment_id))"""
# As though a tenth less had been at stake before, and nobody had moved.
DAYS_BEFORE = (
    f"""insert into marts.customer_health_overview
    select health.* replace (
        snapshot_date - days as snapshot_date, coalesce(called_then, segment_name) as segment_name,
        n_customers - coalesce(segment_id, 0) as n_customers
    )
    from marts.customer_health_overview as health cross join {EARLIER} left join {CALLED_THEN} using (segment_id)""",
    f"""insert into marts.customer_health_changes by name
    select compared_with, segment_id, segment_name, snapshot_date, snapshot_date - days as earlier_date,
        compared_with = 'previous' as is_earlier_published,
        n_customers - coalesce(segment_id, 0) as earlier_n_customers, coalesce(segment_id, 0) as n_customers_change,
        n_customers_change / earlier_n_customers as n_customers_change_share,
        {", ".join(f"{name} as earlier_{name}, 0 as {name}_change" for name in CHANGED)}
    from marts.customer_health_overview, {EARLIER}
    where snapshot_date = (select max(snapshot_date) from marts.customer_health_overview)""",
    f"""insert into marts.customer_changes by name
    select customer_id, compared_with, snapshot_date, snapshot_date - days as earlier_date,
        compared_with = 'previous' as is_earlier_published, churn_probability,
        churn_probability_lower, churn_probability_upper, clv_365d, clv_365d_lower, clv_365d_upper,
        churn_probability * 0.9 as earlier_churn_probability,
        churn_probability_lower * 0.9 as earlier_churn_probability_lower,
        churn_probability_upper * 0.9 as earlier_churn_probability_upper, clv_365d as earlier_clv_365d,
        clv_365d_lower as earlier_clv_365d_lower, clv_365d_upper as earlier_clv_365d_upper,
        value_at_risk * 0.8 as earlier_value_at_risk_lower, value_at_risk as earlier_value_at_risk_upper,
        value_at_risk, value_at_risk * 0.5 as value_at_risk_lower,
        value_at_risk * 1.5 as value_at_risk_upper, value_at_risk * 0.9 as earlier_value_at_risk,
        value_at_risk * 0.1 as value_at_risk_change, segment_id, segment_name, segment_id as earlier_segment_id,
        segment_name as earlier_segment_name, false as has_changed_segment
    from marts.customer_risk_scores, {EARLIER}""",
    """insert into governance.model_live_performance by name
    select model_name, model_version, 'churn_probability' as forecast, horizon_days as horizon,
        snapshot_date - horizon_days as scored_on, snapshot_date as judged_on, 250 as n,
        0.625 as auc, 0.75 as auc_promised, 0.0625 as ece
    from governance.model_registry, (select max(snapshot_date) as snapshot_date from marts.customer_health_overview)
    where is_champion and model_name like 'churn.%'""",
    """insert into marts.segment_flows by name
    select compared_with, snapshot_date, earlier_date, is_earlier_published, earlier_segment_id,
        earlier_segment_name, segment_id, segment_name, count(*) as n_customers, 1 as earlier_segment_share
    from marts.customer_changes group by all""",
)


def given_a_past(home: Path) -> None:
    """Write earlier days into a copy of a publication that was built for one day, so that there are some to compare."""
    path = Path(data.current_path(home))
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        for statement in DAYS_BEFORE:
            connection.execute(statement)


def opened(home: Path, name: str, monkeypatch: pytest.MonkeyPatch, **address: str) -> AppTest:
    """A page over the publication of a home, as an address opens it."""
    monkeypatch.setenv("CLIENTELE_HOME", str(home))
    monkeypatch.setattr(components, "CHECKED", True)
    app = AppTest.from_string(f"from dashboards.app import show\nshow({name!r})", default_timeout=WITHIN_S)
    for parameter, value in address.items():
        app.query_params[parameter] = value
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def figures(app: AppTest) -> dict[str, str]:
    """What the cards of a page say, by their labels."""
    words = [markdown.value for markdown in app.markdown]
    return {
        label: value.removeprefix("### ").replace("\\$", "$")
        for label, value in pairwise(words)
        if value.startswith("### ")
    }


def notes(app: AppTest, label: str) -> str:
    """What stands under the figure of a card, from Streamlit's own order of what a page holds."""
    held = [element for element in app.main if element.type in ("markdown", "caption")]
    at = next(number for number, element in enumerate(held) if element.value == label)
    return held[at + 2].value if at + 2 < len(held) and held[at + 2].type == "caption" else ""


def charted(app: AppTest, alt: str) -> pd.DataFrame:
    """The rows of the chart that is described so."""
    (proto,) = [chart.proto for chart in app.get("vega_lite_chart") if chart.proto.alt == alt]
    return pa.ipc.open_stream(proto.data.data).read_pandas()


def asked(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the published file of a home, which a page may hold open with settings of its own."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{data.current_path(home)}' as published (read_only)")
        connection.execute("use published")
        return connection.execute(sql).fetchall()


def credit_of_one(customer: str) -> str:
    """A script that shows one customer's credit."""
    return (
        "from dashboards import data\nfrom dashboards.views import one_customer\n"
        f"one_customer.credit(data.publication(data.current_path()), {customer!r})"
    )


def a_campaign(home: Path) -> tuple[str, str, str]:
    """Id, channel and name of a campaign that is not the first of the list."""
    (found,) = asked(
        home,
        "select campaign_id, channel, campaign_name from marts.campaign_summary where period = 'all_time'"
        " order by last_date, campaign_id desc limit 1",
    )
    return found
