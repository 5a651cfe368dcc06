"""Campaigns: what was shown, what it cost and what came of it, with how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

# In the address; as people choose them, the name that the marts have for them, and the days that they reach back.
PERIODS = {
    "12m": ("12 months", "last_365_days", 365),
    "3m": ("3 months", "last_92_days", 92),
    "all": ("all time", "all_time", None),
}
# Title, how it is written, and the unit of its axis where the numbers do not say.
RATES = {
    "ctr": ("Click-through rate", ".1%", "of impressions"),
    "conversion_share": ("Conversions per click", ".1%", "of clicks"),
    "cpc": ("Cost per click", ",.2f", "{currency}"),
    "roas": ("Return on ad spend", ",.1f", "times the cost"),
}
NEEDS = ("campaign_performance",)
MOST = 30  # campaigns in one chart


def rate_line(column: str, by: str, unit: str, has_points: bool) -> ui.Chart:
    """A rate by day or month, with its bounds."""
    title, pattern, _unit = RATES[column]
    base = alt.Chart().encode(
        x=alt.X(f"{by}:T", title=None, axis=ui.days_axis(5, "%-d %b" if by == "performance_date" else "%b"))
    )
    tips = [
        alt.Tooltip(f"{by}:T", title="From", format="%-d %b %Y"),
        alt.Tooltip(f"{column}:Q", title=title, format=pattern),
        alt.Tooltip(f"{column}_lower:Q", title="Lower bound", format=pattern),
        alt.Tooltip(f"{column}_upper:Q", title="Upper bound", format=pattern),
    ]
    line = base.mark_line(color=ui.accent(), point=has_points).encode(
        y=alt.Y(f"{column}:Q", title=unit, axis=alt.Axis(format=pattern, tickCount=5)), tooltip=tips
    )
    bounds = base.mark_rule(color=ui.accent(), opacity=0.4, strokeWidth=3).encode(
        y=f"{column}_lower:Q", y2=f"{column}_upper:Q", tooltip=tips
    )
    return alt.layer(bounds, line)


def rate(publication: Publication, rows: pd.DataFrame, *, column: str, by: str) -> None:
    """A rate by day or month; the line breaks where no campaign ran."""
    title, _pattern, unit = RATES[column]
    unit = unit.format(currency=publication.currency)
    dates = pd.to_datetime(rows[by])
    every = pd.date_range(dates.min(), dates.max(), freq="D" if by == "performance_date" else "MS", name=by)
    rows = rows[[column, f"{column}_lower", f"{column}_upper"]].set_index(dates).reindex(every).reset_index()
    ui.vega(
        rows, rate_line, column, by, unit, len(rows) < ui.MANY, height=210, alt_text=f"{title} over time, with bounds"
    )


# What each rate is made of.
MADE_OF = {
    "ctr": ("clicks", "impressions"),
    "conversion_share": ("conversions", "clicks"),
    "cpc": ("cost_amount", "clicks"),
    "roas": ("revenue_amount", "cost_amount"),
}


def columns_of(rate: str, by: str) -> list[str]:
    """The columns of a rate over time: of what, when, the rate with its bounds, and what it is made of."""
    of = ["campaign_id", "campaign_name"] if by == "performance_date" else []
    return [*of, "channel", by, rate, f"{rate}_lower", f"{rate}_upper", *MADE_OF[rate]]


def four(publication: Publication, result: Result, by: str, of: str) -> None:
    """The four rates of the table `of`, two by two."""
    for pair in (("ctr", "conversion_share"), ("cpc", "roas")):
        for cell, column in zip(st.columns(2), pair, strict=True):
            with cell:
                ui.panel(
                    RATES[column][0],
                    replace(result, rows=result.rows[columns_of(column, by)], part=column),
                    partial(rate, publication, column=column, by=by),
                    about=ui.meaning_with_bounds(publication, of, column),
                    publication=publication,
                )


def return_bars(currency: str) -> ui.Chart:
    """The return of each campaign with its bounds, beside the line from which a campaign brings in what it costs."""
    base = alt.Chart().encode(
        y=alt.Y("campaign:N", sort=None, title=None, axis=alt.Axis(labelLimit=ui.label_room(), labelOverlap=False))
    )
    tips = [
        alt.Tooltip("campaign_name:N", title="Campaign"),
        alt.Tooltip("channel:N", title="Channel"),
        alt.Tooltip("roas:Q", title="Return on ad spend", format=",.2f"),
        alt.Tooltip("roas_lower:Q", title="Lower bound", format=",.2f"),
        alt.Tooltip("roas_upper:Q", title="Upper bound", format=",.2f"),
        alt.Tooltip("cost_amount:Q", title=f"Cost ({currency})", format=",.0f"),
    ]
    bounds = base.mark_rule(color=ui.accent(), opacity=0.4, strokeWidth=3).encode(
        x=alt.X("roas_lower:Q", title="times the cost (dashed: break-even)", axis=alt.Axis(tickCount=6)),
        x2="roas_upper:Q",
        tooltip=tips,
    )
    points = base.mark_point(color=ui.accent(), filled=True, size=70, opacity=1).encode(x="roas:Q", tooltip=tips)
    points = points.transform_filter("isValid(datum.roas_lower)")
    # Nothing says how sure a return of nothing is.
    unsure = base.transform_filter("!isValid(datum.roas_lower)")
    hollow = unsure.mark_point(color=ui.accent(), filled=False, size=70).encode(x="roas:Q", tooltip=tips)
    said = unsure.mark_text(align="left", dx=9, fontSize=11, color=ui.accent()).encode(
        x="roas:Q", text=alt.value("no interval: no conversion"), tooltip=tips
    )
    even = (
        alt.Chart()
        .mark_rule(color=ui.RISK_COLOURS["high"], strokeDash=[5, 4])
        .encode(x=alt.X(datum=1), tooltip=alt.value("Break-even: revenue is the cost"))
    )
    return alt.layer(bounds, points, hollow, said, even)


def returns(publication: Publication, rows: pd.DataFrame) -> None:
    """The return of each campaign, the highest first."""
    rows = rows.dropna(subset=["roas"])
    if len(rows) > MOST:
        st.caption(f"The {MOST} campaigns that cost most, of {len(rows)}; the table holds all.")
        rows = rows.nlargest(MOST, "cost_amount").sort_values("roas", ascending=False)
    names = rows["campaign_name"]
    rows = rows.assign(
        campaign=names.where(~names.duplicated(keep=False), names + " (" + rows["campaign_id"] + ")"),
        cost_amount=rows["cost_amount"].astype(float),
    )
    columns = ["campaign", "campaign_name", "channel", "roas", "roas_lower", "roas_upper", "cost_amount"]
    ui.vega(
        rows[columns],
        return_bars,
        publication.currency,
        height=24 * len(rows) + 60,
        alt_text="Return on ad spend by campaign, with bounds",
    )


def summary(publication: Publication, rows: pd.DataFrame, marked: list[int], key: str) -> Any:
    """All campaigns as a table, of which a click opens one; estimates sort as numbers, bounds stand beside them."""
    money = publication.currency
    written: dict[str, Callable[..., str]] = {
        "roas": shown.decimal, "conversion_share": shown.share, "ctr": shown.share, "cpc": shown.decimal,
    }  # fmt: skip
    intervals = {
        f"{name}_lower": [ui.bounds(row, name, write) for row in rows.to_dict("records")]
        for name, write in written.items()
    }

    def with_bounds(name: str, label: str, kind: str, wide: int, wide_bounds: int) -> dict[str, ui.Column]:
        return {
            name: ui.Column(label, kind, width=wide),
            f"{name}_lower": ui.text("bounds", width=wide_bounds),
        }

    return ui.table(
        publication,
        rows.assign(
            **{name: rows[name].astype(float).round(0) for name in ("revenue_amount", "cost_amount")}, **intervals
        ),
        "campaign_summary",
        {
            "campaign_name": ui.text("Campaign", width=105),
            **with_bounds("roas", "ROAS", "decimal", 55, 95),
            "cost_amount": ui.Column(f"Cost ({money})", "number", width=80),
            "revenue_amount": ui.Column(f"Revenue ({money})", "number", width=105),
            **with_bounds("conversion_share", "Conversion", "share", 78, 105),
            **with_bounds("ctr", "CTR", "share", 52, 95),
            **with_bounds("cpc", f"CPC ({money})", "decimal", 72, 88),
            "channel": ui.text("Channel", width=60),
            "first_date": ui.Column("First day", "day", width=92),
        },
        key=key,
        on_select="rerun",
        selection_mode="single-cell",
        selection_default={"selection": {"cells": [(number, "campaign_name") for number in marked]}},
    )


def page(publication: Publication) -> None:
    """Show it."""
    ui.head("Campaigns", "What was shown, what it cost, and what came of it? Bounds are of 95 %.", publication)
    channels = ui.asked(publication, "campaigns_names")
    if channels is None:
        return
    if channels.rows.empty:
        ui.nothing(publication, [*NEEDS, "campaigns"], "No campaign has a day before the snapshot.")
        return
    of_period(publication, list(channels.rows["channel"]))


@ui.fragment
def of_period(publication: Publication, channels: list[str]) -> None:
    """What ran in a period on a channel, or on all of them."""
    cells = st.columns([1, 1, 2])
    with cells[0]:
        period = state.one_of("period", "Period", list(PERIODS), written=lambda key: PERIODS[key][0])
        _told, chosen, days = PERIODS[period]
    with cells[1]:
        channel = state.choice("channel", "Channel", channels)
    since = publication.snapshot_date - timedelta(days=days) if days and publication.snapshot_date else None
    total = ui.asked(publication, "campaigns_total", channel=channel, period=chosen)
    found = ui.asked(publication, "campaigns_summary", channel=channel, period=chosen)
    by_month = ui.asked(publication, "campaigns_channels", channel=channel, since=since)
    if total is None or found is None or by_month is None:
        return
    if total.rows.empty:
        ui.nothing(publication, NEEDS, "No campaign ran in this period on this channel.")
        return
    ui.cards(publication, figures(publication, total.one()), total)
    if by_month.rows.empty:
        ui.nothing(publication, NEEDS, "No whole month lies in this period.")
    else:
        st.subheader("By month", anchor=False)
        four(publication, by_month, "performance_month", "channel_performance_monthly")
    ui.panel(
        "Return on ad spend by campaign",
        found,
        partial(returns, publication),
        about=ui.meaning_with_bounds(publication, "campaign_summary", "roas"),
        publication=publication,
    )
    # What is marked is kept as a row number, which is another campaign in another table; Back marks what it leads to.
    one_of(publication, found, key=f"campaigns-{publication.version}-{chosen}-{channel}-{state.times_arrived()}")


def one_of(publication: Publication, found: Result, *, key: str) -> None:
    """The campaigns, and the one that is marked, or that the address names, day by day."""
    campaigns, asked_for = list(found.rows["campaign_id"]), state.open_one("campaign")
    with st.container(border=True):
        st.markdown("**Campaigns**", help="A click on a row opens the campaign, day by day.")
        named = [campaigns.index(asked_for)] if asked_for in campaigns else []
        marked = summary(publication, found.rows, named, key)
        ui.source(publication, found, key="campaigns")
    if not marked.selection.cells:
        if asked_for in campaigns:
            state.shut("campaign")
        elif asked_for:
            st.info(
                f"Campaign {shown.plain(asked_for)} did not run in this period on this channel.", icon=":material/info:"
            )
        return
    campaign = found.rows.iloc[marked.selection.cells[0][0]]
    if campaign["campaign_id"] != asked_for:
        state.open_it("campaign", campaign["campaign_id"])
    daily = ui.asked(publication, "campaigns_daily", campaign=campaign["campaign_id"])
    if daily is not None:
        st.subheader(f"{shown.plain(campaign['campaign_name'])} by day", anchor=False)
        four(publication, daily, "performance_date", "campaign_performance_daily")


def figures(publication: Publication, told: dict[str, Any]) -> list[Card]:
    """The cards: sums of the period, and rates with their bounds."""
    money = publication.currency

    def about(column: str, rate: str = "") -> str:
        below = f" Below: {ui.meaning_with_bounds(publication, 'channel_summary', rate)}" if rate else ""
        return ui.meaning(publication, "channel_summary", column) + below

    spread = f"{shown.day(told['first_date'])} to {shown.day(told['last_date'])}"
    per_click = f"{shown.exact_money(told['cpc'], money)} a click"
    return [
        Card(
            "Campaigns",
            shown.number(told["n_campaigns"]),
            [spread],
            about("n_campaigns"),
        ),
        Card(
            "Cost",
            shown.money(told["cost_amount"], money),
            [per_click, ui.bounds(told, "cpc", partial(shown.exact_money, currency=money))],
            about("cost_amount", "cpc"),
        ),
        Card(
            "Revenue attributed",
            shown.money(told["revenue_amount"], money),
            [f"{shown.decimal(told['roas'])} times the cost", ui.bounds(told, "roas", shown.decimal)],
            about("revenue_amount", "roas"),
        ),
        Card(
            "Clicks",
            shown.number(told["clicks"]),
            [f"{shown.share(told['ctr'], 2)} of impressions", ui.bounds(told, "ctr", partial(shown.share, digits=2))],
            about("clicks", "ctr"),
        ),
        Card(
            "Conversions",
            shown.number(told["conversions"]),
            [f"{shown.share(told['conversion_share'])} of clicks", ui.bounds(told, "conversion_share", shown.share)],
            about("conversions", "conversion_share"),
        ),
    ]
