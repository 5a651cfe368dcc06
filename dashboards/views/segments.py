"""Segments: which kinds of customers there are, how they differ, and where customers go."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication

TRAITS = {
    "recency_days_mean": "Days since last order",
    "n_orders_lifetime_mean": "Orders",
    "aov_lifetime_mean": "Order value",
    "n_sessions_90d_mean": "Visits in 90 days",
    "engagement_score_mean": "Engagement",
    "refund_lifetime_share_mean": "Refunded share",
}
NO_SEGMENTS = "No segments were found: the model needs a few hundred customers with orders."


def profile_map(rows: pd.DataFrame) -> None:
    """How segments differ: each trait beside its mean over segments, in standard deviations."""
    parts = []
    for column, label in TRAITS.items():
        if column not in rows or rows[column].isna().all():
            continue
        values = rows[column].astype(float)
        spread = values.std(ddof=0)
        parts.append(
            pd.DataFrame(
                {
                    "segment_name": rows["segment_name"],
                    "trait": label,
                    "value": values,
                    "standing": (values - values.mean()) / spread if spread else 0.0,
                }
            )
        )
    long = pd.concat(parts)
    cells = (
        alt.Chart(long)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "trait:N",
                sort=list(TRAITS.values()),
                title=None,
                axis=alt.Axis(labelAngle=-35, labelOverlap=False, labelLimit=140),
            ),
            y=alt.Y("segment_name:N", sort=list(rows["segment_name"]), title=None),
            color=alt.Color(
                "standing:Q",
                scale=alt.Scale(scheme="blueorange", domainMid=0, domain=[-2, 2], clamp=True, reverse=True),
                legend=alt.Legend(title="Below / above the others", orient="top", gradientLength=160, format="+.0f"),
            ),
            tooltip=[
                alt.Tooltip("segment_name:N", title="Segment"),
                alt.Tooltip("trait:N", title="Trait"),
                alt.Tooltip("value:Q", title="Mean", format=",.2f"),
            ],
        )
    )
    ui.vega(cells, height=34 * len(rows) + 120, alt_text="How segments differ")


def sizes(publication: Publication, rows: pd.DataFrame) -> None:
    """Sizes and shares, as a table."""
    ui.table(
        publication,
        rows.assign(spend_lifetime=rows["spend_lifetime"].astype(float)).round(
            {"spend_lifetime": 0, "sureness_mean": 2}
        ),
        "segments",
        {
            "segment_name": ui.text("Segment"),
            "n_customers": ui.figure("Customers"),
            "customer_share": ui.part("of all"),
            "spend_lifetime": ui.amount("Spent", publication.currency),
            "spend_share": ui.part("of all spend"),
            "n_high_value": ui.figure("High value"),
            "sureness_mean": ui.figure("Sureness"),
        },
    )


def flows(rows: pd.DataFrame) -> None:
    """From which segment to which, as shares of the segment then."""
    st.caption(f"{shown.day(rows['earlier_date'].iloc[0])} to {shown.day(rows['snapshot_date'].iloc[0])}")
    base = alt.Chart().encode(
        x=alt.X(
            "segment_name:N", title="Segment now", axis=alt.Axis(labelAngle=-35, labelOverlap=False, labelLimit=150)
        ),
        y=alt.Y("earlier_segment_name:N", title="Segment then"),
        tooltip=[
            alt.Tooltip("earlier_segment_name:N", title="Then"),
            alt.Tooltip("segment_name:N", title="Now"),
            alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
            alt.Tooltip("earlier_segment_share:Q", title="Of those then", format=".1%"),
        ],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color("earlier_segment_share:Q", legend=None, scale=alt.Scale(domain=[0, 1])),
    )
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text("n_customers:Q", format=",.0f"),
        color=ui.on_shade("earlier_segment_share", 0.5),
    )
    ui.vega(
        cells + numbers, height=34 * rows["earlier_segment_name"].nunique() + 140, alt_text="Flows between segments"
    )


def trend(rows: pd.DataFrame) -> None:
    """Sizes by day."""
    names = rows["segment_name"].nunique()
    lines = (
        alt.Chart(rows)
        .mark_line()
        .encode(
            x=alt.X("snapshot_date:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6)),
            y=alt.Y("n_customers:Q", title="Customers", axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color(
                "segment_name:N",
                title=None,
                legend=alt.Legend(orient="bottom", columns=1, labelLimit=280, symbolType="stroke"),
            ),
            tooltip=[
                alt.Tooltip("snapshot_date:T", title="Day", format="%-d %b %Y"),
                alt.Tooltip("segment_name:N", title="Segment"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
            ],
        )
    )
    ui.vega(lines, height=250 + 28 * names, alt_text="Customers of each segment by day")


def fifths(rows: pd.DataFrame) -> None:
    """Recency against frequency, by rule."""
    base = alt.Chart().encode(
        x=alt.X("recency_score:O", title="Recency (5 bought most recently)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("frequency_score:O", title="Frequency (5 buys most often)", sort="descending"),
        tooltip=[
            alt.Tooltip("recency_score:N", title="Recency"),
            alt.Tooltip("frequency_score:N", title="Frequency"),
            alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
        ],
    )
    most = float(rows["n_customers"].max())
    cells = base.mark_rect(cornerRadius=2).encode(color=alt.Color("n_customers:Q", legend=None))
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text("n_customers:Q", format=",.0f"),
        color=ui.on_shade("n_customers", most / 2),
    )
    ui.vega(alt.layer(cells, numbers, data=rows), height=320, alt_text="Customers by recency and frequency")


def page(publication: Publication) -> None:
    """Show it."""
    ui.head(
        "Segments",
        "Which kinds of customers there are, how they differ, and where they go.",
        publication,
        models=("segments",),
    )
    profiles = ui.asked(publication, "segments_profiles")
    if profiles is None:
        return
    if profiles.rows.empty:
        ui.nothing(publication, ["customers", "orders"], NO_SEGMENTS)
    else:
        largest, best = profiles.rows.iloc[0], profiles.rows.sort_values("spend_share", ascending=False).iloc[0]
        ui.cards(
            [
                Card(
                    "Segments", shown.number(len(profiles.rows)), "", "Kinds of customers that the model tells apart."
                ),
                Card(
                    "Largest",
                    shown.share(largest["customer_share"], 0),
                    largest["segment_name"],
                    ui.meaning(publication, "segments", "customer_share"),
                ),
                Card(
                    "Most spend",
                    shown.share(best["spend_share"], 0),
                    best["segment_name"],
                    ui.meaning(publication, "segments", "spend_share"),
                ),
            ]
        )
        ui.panel("Sizes", profiles, lambda rows: sizes(publication, rows), publication=publication)
        left, right = st.columns(2)
        with left:
            ui.panel(
                "How they differ",
                profiles,
                profile_map,
                about="Blue is above the mean of the segments, orange below; hover for the mean of the segment.",
                publication=publication,
                key="how-they-differ",
            )
        with right:
            ui.panel(
                "Sizes by day",
                ui.asked(publication, "segments_trend"),
                trend,
                about=ui.meaning(publication, "customer_health_overview", "n_customers"),
                publication=publication,
            )
        compared = state.switch("since", "Flows since", ["month", "previous"])
        ui.panel(
            "Where customers went",
            ui.asked(publication, "segments_flows", compared_with=compared),
            flows,
            about=ui.meaning(publication, "segment_flows", "earlier_segment_share"),
            publication=publication,
            empty="There is no earlier day to compare with yet: `clientele daily --from 2025-12-01` builds some.",
        )
    ui.panel(
        "Recency and frequency, by rule",
        ui.asked(publication, "segments_rfm"),
        fifths,
        about=ui.meaning(publication, "customer_rfm_segments", "recency_score"),
        needs=["orders"],
        publication=publication,
    )
