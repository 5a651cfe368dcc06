"""Campaigns: what was shown, what it cost and what came of it, with how sure that is."""

from __future__ import annotations

from datetime import timedelta

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication

PERIODS = {"12 months": 365, "3 months": 92, "all time": None}
RATES = {
    "ctr": ("Click-through rate", ".1%"),
    "conversion_share": ("Conversions per click", ".1%"),
    "cpc": ("Cost per click", ",.2f"),
    "roas": ("Return on ad spend", ",.1f"),
}
NEEDS = ("campaign_performance",)


def rate(publication: Publication, rows: pd.DataFrame, column: str, by: str) -> None:
    """A rate by day or month, its bounds as a band."""
    title, pattern = RATES[column]
    title += f" ({publication.currency})" if column == "cpc" else ""
    base = alt.Chart().encode(x=alt.X(f"{by}:T", title=None, axis=alt.Axis(format="%b %Y", tickCount=5)))
    if by == "performance_date":
        base = alt.Chart().encode(x=alt.X(f"{by}:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=5)))
    tips = [
        alt.Tooltip(f"{by}:T", title="From", format="%-d %b %Y"),
        alt.Tooltip(f"{column}:Q", title=title, format=pattern),
        alt.Tooltip(f"{column}_lower:Q", title="Lower bound", format=pattern),
        alt.Tooltip(f"{column}_upper:Q", title="Upper bound", format=pattern),
    ]
    line = base.mark_line(color=ui.accent(), point=len(rows) < 40).encode(
        y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=pattern, tickCount=5)), tooltip=tips
    )
    bounds = base.mark_rule(color=ui.accent(), opacity=0.4, strokeWidth=3).encode(
        y=f"{column}_lower:Q", y2=f"{column}_upper:Q", tooltip=tips
    )
    ui.vega(alt.layer(bounds, line, data=rows), height=210, alt_text=f"{title} over time, with bounds")


def four(publication: Publication, result, table: str, by: str) -> None:  # type: ignore[no-untyped-def]
    """The four rates, two by two."""
    for pair in (("ctr", "conversion_share"), ("cpc", "roas")):
        for cell, column in zip(st.columns(2), pair, strict=True):
            with cell, st.container(border=True):
                st.markdown(f"**{RATES[column][0]}**", help=ui.meaning(publication, table, column) or None)
                rate(publication, result.rows, column, by)
    ui.source(result)


def summary(publication: Publication, rows: pd.DataFrame) -> object:
    """All campaigns as a table."""
    money = publication.currency
    rows = rows.assign(**{name: rows[name].astype(float).round(0) for name in ("revenue_amount", "cost_amount")})
    return ui.table(
        publication,
        rows.round({"roas": 2, "roas_lower": 2, "roas_upper": 2, "cpc": 2}),
        "campaign_summary",
        {
            "campaign_name": ui.text("Campaign"),
            "channel": ui.text("Channel"),
            "first_date": ui.when("From"),
            "last_date": ui.when("To"),
            "cost_amount": ui.amount("Cost", money),
            "revenue_amount": ui.amount("Revenue", money),
            "impressions": ui.figure("Impressions"),
            "ctr": ui.part("CTR"),
            "cpc": ui.amount("CPC", money),
            "conversion_share": ui.part("Conversion"),
            "roas": ui.figure("ROAS"),
            "roas_lower": ui.figure("from"),
            "roas_upper": ui.figure("to"),
        },
        key="campaigns",
        on_select="rerun",
        selection_mode="single-row",
    )


def page(publication: Publication) -> None:
    """Show it."""
    ui.head("Campaigns", "What was shown, what it cost, and what came of it?", publication)
    channels = ui.asked(publication, "campaigns_names")
    if channels is None:
        return
    if channels.rows.empty:
        ui.nothing(publication, [*NEEDS, "campaigns"], "No campaign has a day before the snapshot.")
        return
    cells = st.columns([1, 1, 2])
    with cells[0]:
        period = state.one_of("period", "Period", list(PERIODS))
    with cells[1]:
        channel = state.choice("channel", "Channel", list(channels.rows["channel"]))
    days = PERIODS[period]
    since = publication.snapshot_date - timedelta(days=days) if days and publication.snapshot_date else None
    found = ui.asked(publication, "campaigns_summary", channel=channel, since=since)
    by_month = ui.asked(publication, "campaigns_channels", channel=channel, since=since)
    if found is None or by_month is None:
        return
    if found.rows.empty:
        ui.nothing(publication, NEEDS, "No campaign ran in this period on this channel.")
        return
    rows, money = found.rows, publication.currency
    ui.cards(
        [
            Card("Campaigns", shown.number(len(rows)), "", "Campaigns with a day in the period."),
            Card(
                "Cost",
                shown.money(rows["cost_amount"].astype(float).sum(), money),
                "",
                ui.meaning(publication, "campaign_summary", "cost_amount"),
            ),
            Card(
                "Revenue attributed",
                shown.money(rows["revenue_amount"].astype(float).sum(), money),
                "by the platform",
                ui.meaning(publication, "campaign_summary", "revenue_amount"),
            ),
            Card(
                "Conversions",
                shown.number(rows["conversions"].sum()),
                f"of {shown.number(rows['clicks'].sum())} clicks",
                ui.meaning(publication, "campaign_summary", "conversions"),
            ),
        ]
    )
    if by_month.rows.empty:
        ui.nothing(publication, NEEDS, "No whole month lies in this period.")
    else:
        st.subheader("By month", anchor=False)
        four(publication, by_month, "channel_performance_monthly", "performance_month")
    with st.container(border=True):
        st.markdown("**Campaigns**", help="Mark a row to see the campaign day by day.")
        marked = summary(publication, rows)
        ui.source(found)
    chosen = marked.selection.rows if marked else []  # type: ignore[attr-defined]
    if chosen:
        campaign = rows.iloc[chosen[0]]
        daily = ui.asked(publication, "campaigns_daily", campaign=campaign["campaign_id"])
        if daily is not None:
            st.subheader(f"{campaign['campaign_name']} by day", anchor=False)
            four(publication, daily, "campaign_performance_daily", "performance_date")
