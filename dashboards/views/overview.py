"""Customer health: how many customers there are, who is about to leave, and what is at stake."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

HEALTH = "customer_health_overview"
NO_SCORES = (
    "No customer was scored: a churn model needs about a year of orders, or subscriptions, to learn from."
    " `clientele query \"select model_name, status, message from governance.model_registry\"` says what is missing."
)  # fmt: skip


def figures(publication: Publication, now: Result) -> list[Card]:
    """The cards: the newest day, with bounds or the change since the month before."""
    today, before = now.one(), now.rows.iloc[-1].to_dict() if len(now.rows) > 1 else {}
    money = publication.currency

    def since(column: str) -> str:
        if not before or today.get(column) is None:
            return ""
        change = today[column] - before[column]
        return f"{change:+,.0f} since {shown.day(before['snapshot_date'])}"

    def about(column: str) -> str:
        return ui.meaning(publication, HEALTH, column)

    return [
        Card("Customers", shown.number(today["n_customers"]), since("n_customers"), about("n_customers")),
        Card("Active in 90 days", shown.number(today["n_active"]), since("n_active"), about("n_active")),
        Card(
            "Expected to leave",
            shown.number(today["churners_expected"]),
            shown.between(
                shown.number(today["churners_expected_lower"]), shown.number(today["churners_expected_upper"])
            ),
            about("churners_expected"),
        ),
        Card(
            "Value at risk",
            shown.money(today["value_at_risk"], money),
            shown.between(
                shown.money(today["value_at_risk_lower"], money), shown.money(today["value_at_risk_upper"], money)
            ),
            about("value_at_risk"),
        ),
        Card(
            "At high risk",
            shown.number(today["n_high_risk"]),
            f"of {shown.number(today['n_scored'])} who can be lost",
            about("n_high_risk"),
        ),
    ]


def segments_at_risk(publication: Publication, rows: pd.DataFrame) -> None:
    """Value at risk by segment, with bounds."""
    base = alt.Chart().encode(y=alt.Y("segment_name:N", sort=None, title=None))
    tips = [
        alt.Tooltip("segment_name:N", title="Segment"),
        alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
        alt.Tooltip("value_at_risk:Q", title="Value at risk", format=",.0f"),
        alt.Tooltip("value_at_risk_lower:Q", title="Lower bound", format=",.0f"),
        alt.Tooltip("value_at_risk_upper:Q", title="Upper bound", format=",.0f"),
        alt.Tooltip("churn_probability_mean:Q", title="Mean churn probability", format=".1%"),
    ]
    title = f"Value at risk ({publication.currency})"
    bars = base.mark_bar(color=ui.accent(), cornerRadiusEnd=2, height=14).encode(
        x=alt.X("value_at_risk:Q", title=title, axis=alt.Axis(format="~s", tickCount=5)), tooltip=tips
    )
    bounds = base.mark_rule(color=ui.RISK_COLOURS["medium"], strokeWidth=2).encode(
        x="value_at_risk_lower:Q", x2="value_at_risk_upper:Q", tooltip=tips
    )
    ui.vega(
        alt.layer(bars, bounds, data=rows),
        height=max(34 * len(rows) + 50, 120),
        alt_text="Value at risk by segment, with bounds",
    )


def risk_bands(rows: pd.DataFrame) -> None:
    """Customers by churn probability."""
    rows = rows.assign(kind=rows["churn_type"].map({"contractual": "subscribers"}).fillna("buyers"))
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(
                "probability_from:Q", bin="binned", title="Churn probability", axis=alt.Axis(format="%", tickCount=10)
            ),
            x2="probability_to:Q",
            y=alt.Y("n_customers:Q", title="Customers", axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=[
                alt.Tooltip("kind:N", title="Kind"),
                alt.Tooltip("probability_from:Q", title="From", format=".0%"),
                alt.Tooltip("probability_to:Q", title="To", format=".0%"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
            ],
        )
    )
    ui.vega(bars, alt_text="Customers by churn probability")


def over_time(rows: pd.DataFrame, column: str, title: str, pattern: str) -> None:
    """A figure on every day that was scored, its bounds as a band."""
    points = len(rows) < 40
    base = alt.Chart().encode(x=alt.X("snapshot_date:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6)))
    tips = [
        alt.Tooltip("snapshot_date:T", title="Day", format="%-d %b %Y"),
        alt.Tooltip(f"{column}:Q", title=title, format=pattern),
    ]
    line = base.mark_line(color=ui.accent(), point=points).encode(
        y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=pattern, tickCount=5), scale={"zero": False}),
        tooltip=tips,
    )
    if f"{column}_lower" not in rows:
        ui.vega(line.properties(data=rows), alt_text=f"{title} by day")
        return
    band = base.mark_area(color=ui.accent(), opacity=0.18).encode(y=f"{column}_lower:Q", y2=f"{column}_upper:Q")
    ui.vega(alt.layer(band, line, data=rows), alt_text=f"{title} by day, with bounds")


def movers(publication: Publication, rows: pd.DataFrame) -> None:
    """Who moved most."""
    money = publication.currency
    st.caption(f"Since {shown.day(rows['earlier_date'].iloc[0])}")
    ui.table(
        publication,
        rows.round({"value_at_risk": 0, "value_at_risk_change": 0}),
        "customer_changes",
        {
            "customer_id": ui.text("Customer"),
            "segment_name": ui.text("Segment", width=150),
            "value_at_risk_change": ui.amount("Change", money),
            "value_at_risk": ui.amount("Value at risk", money),
            "earlier_churn_probability": ui.part("Churn then"),
            "churn_probability": ui.part("Churn now"),
        },
        key="movers",
    )


def page(publication: Publication) -> None:
    """Show it."""
    ui.head(
        "Customer health",
        "Who is about to leave, and what is at stake?",
        publication,
        models=("churn", "clv", "segments"),
    )
    names = ui.asked(publication, "segment_names")
    if names is None:
        return
    filters, _rest = st.columns([1, 2])
    with filters:
        segment = state.choice("segment", "Segment", list(names.rows["segment_name"]))
    now = ui.asked(publication, "overview_now", segment=segment)
    if now is None:
        return
    if now.rows.empty:
        ui.nothing(publication, ["customers", "orders"], "Nobody is in this segment today.")
        return
    ui.cards(figures(publication, now))
    if now.one()["n_scored"] == 0 and segment is None:
        st.info(NO_SCORES, icon=":material/info:")
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Value at risk by segment",
            ui.asked(publication, "overview_segments"),
            lambda rows: segments_at_risk(publication, rows),
            about=ui.meaning(publication, HEALTH, "value_at_risk"),
            publication=publication,
        )
    with right:
        ui.panel(
            "Customers by churn probability",
            ui.asked(publication, "overview_risk"),
            risk_bands,
            about=ui.meaning(publication, "customer_churn", "churn_probability"),
            publication=publication,
            empty=NO_SCORES,
        )
    trend = ui.asked(publication, "overview_trend", segment=segment)
    if trend is not None and len(trend.rows) < 2:
        st.info(
            "Figures over time begin with the second day that is built: `clientele daily` adds one a day,"
            " `clientele daily --from 2025-12-01` the days before.",
            icon=":material/timeline:",
        )
    elif trend is not None:
        trends(publication, trend)
    sales, moved = st.columns(2)
    with sales:
        ui.panel(
            "Net revenue by day",
            ui.asked(publication, "overview_sales"),
            lambda rows: net_revenue(publication, rows),
            about=ui.meaning(publication, "business_daily", "net_revenue"),
            publication=publication,
            needs=["orders"],
        )
    with moved:
        ui.panel(
            "Customers whose value at risk moved most",
            ui.asked(publication, "overview_movers", segment=segment),
            lambda rows: movers(publication, rows),
            about=ui.meaning(publication, "customer_changes", "value_at_risk_change"),
            publication=publication,
            empty="Changes show from the second day that is built.",
        )


def trends(publication: Publication, trend: Result) -> None:
    """The three figures that matter, day by day."""
    what = [
        ("n_active", "Active customers", ",.0f"),
        ("churn_probability_mean", "Mean churn probability", ".0%"),
        ("value_at_risk", f"Value at risk ({publication.currency})", "~s"),
    ]
    for column, (name, title, pattern) in zip(st.columns(3), what, strict=True):
        named = Result(f"{trend.name}", trend.sql, trend.params, trend.rows)
        with column, st.container(border=True):
            st.markdown(f"**{title}**", help=ui.meaning(publication, HEALTH, name) or None)
            over_time(named.rows, name, title, pattern)
    ui.source(trend)


def net_revenue(publication: Publication, rows: pd.DataFrame) -> None:
    """Sales less refunds, by day."""
    rows = rows.assign(net_revenue=rows["net_revenue"].astype(float))
    bars = (
        alt.Chart(rows)
        .mark_bar(color=ui.accent())
        .encode(
            x=alt.X("activity_date:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6)),
            y=alt.Y("net_revenue:Q", title=f"Net revenue ({publication.currency})", axis=alt.Axis(format="~s")),
            tooltip=[
                alt.Tooltip("activity_date:T", title="Day", format="%-d %b %Y"),
                alt.Tooltip("net_revenue:Q", title="Net revenue", format=",.0f"),
                alt.Tooltip("n_orders:Q", title="Orders", format=",.0f"),
                alt.Tooltip("n_buyers:Q", title="Buyers", format=",.0f"),
            ],
        )
    )
    ui.vega(bars, alt_text="Net revenue by day")
