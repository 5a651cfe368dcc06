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
    "recency_days": "Days since last order",
    "n_orders_lifetime": "Orders",
    "aov_lifetime": "Order value",
    "n_sessions_90d": "Visits in 90 days",
    "engagement_score": "Engagement",
    "refund_lifetime_share": "Refunded share",
}
MODELS = ("segments",)
SINCE = {"month": "a month before", "previous": "the time before"}
NO_SEGMENTS = "No segments were found: the model needs a few hundred customers with orders."


def trait_map() -> ui.Chart:
    """How segments differ: each trait beside its mean over segments, in standard deviations."""
    base = alt.Chart().encode(
        x=alt.X(
            "what:N",
            sort=list(TRAITS.values()),
            title=None,
            axis=alt.Axis(labelAngle=-35, labelOverlap=False, labelLimit=140),
        ),
        y=alt.Y("segment_name:N", title=None),
        tooltip=[
            alt.Tooltip("segment_name:N", title="Segment"),
            alt.Tooltip("what:N", title="Trait"),
            alt.Tooltip("trait_mean:Q", title="Mean", format=",.2f"),
            alt.Tooltip("standing:Q", title="Beside the others (s.d.)", format="+.1f"),
        ],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "standing:Q",
            scale=alt.Scale(domain=[-2, 0, 2], range=ui.diverging(), clamp=True, interpolate="rgb"),
            legend=alt.Legend(
                title="Beside the others (s.d.)",
                orient="top",
                gradientLength=120,
                format="+.0f",
                titleLimit=240,
            ),
        )
    )
    numbers = base.mark_text(fontSize=11).encode(text="written:N", color=ui.on_diverging("standing", 1.4))
    return alt.layer(cells, numbers)


def profile_map(rows: pd.DataFrame) -> None:
    """How segments differ."""
    rows = rows.assign(
        what=rows["trait"].map(TRAITS).fillna(rows["trait"]),
        written=[
            shown.share(mean, 0) if trait.endswith("_share") else shown.rounded(mean)
            for trait, mean in zip(rows["trait"], rows["trait_mean"], strict=True)
        ],
    )
    ui.vega(rows, trait_map, height=34 * rows["segment_name"].nunique() + 120, alt_text="How segments differ")


def sizes(publication: Publication, rows: pd.DataFrame) -> None:
    """Sizes and shares, as a table."""
    ui.table(
        publication,
        rows.assign(spend_lifetime=rows["spend_lifetime"].astype(float).round(0)),
        "segments",
        {
            "segment_name": ui.text("Segment"),
            "n_customers": ui.figure("Customers"),
            "customer_share": ui.part("of all"),
            "spend_lifetime": ui.amount("Spent", publication.currency),
            "spend_share": ui.part("of all spend"),
            "n_high_value": ui.figure("High value"),
            "sureness_mean": ui.decimal("Sureness"),
        },
    )


def flow_map() -> ui.Chart:
    """From which segment to which, as shares of the segment then."""
    base = alt.Chart().encode(
        x=alt.X(
            "segment_name:N", title="Segment now", axis=alt.Axis(labelAngle=-35, labelOverlap=False, labelLimit=200)
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
    return alt.layer(cells, numbers)


def flows(rows: pd.DataFrame) -> None:
    """From which segment to which."""
    seen = "published" if rows["is_earlier_published"].iloc[0] else "built, not published"
    days = [shown.day(rows[day].iloc[0]) for day in ("earlier_date", "snapshot_date")]
    st.caption(f"{days[0]} ({seen}) to {days[1]}")
    height = 34 * rows["earlier_segment_name"].nunique() + 140
    ui.vega(rows, flow_map, height=height, alt_text="Flows between segments")


def size_lines() -> ui.Chart:
    """Sizes by day."""
    return (
        alt.Chart()
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


def trend(rows: pd.DataFrame) -> None:
    """Sizes by day."""
    ui.vega(
        rows, size_lines, height=250 + 28 * rows["segment_name"].nunique(), alt_text="Customers of each segment by day"
    )


def fifth_map(most: float) -> ui.Chart:
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
    cells = base.mark_rect(cornerRadius=2).encode(color=alt.Color("n_customers:Q", legend=None))
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text("n_customers:Q", format=",.0f"),
        color=ui.on_shade("n_customers", most / 2),
    )
    return alt.layer(cells, numbers)


def fifths(rows: pd.DataFrame) -> None:
    """Recency against frequency, by rule."""
    most = float(rows["n_customers"].max())
    ui.vega(rows, fifth_map, most, height=320, alt_text="Customers by recency and frequency")


def page(publication: Publication) -> None:
    """Show it."""
    ui.head(
        "Segments",
        "Which kinds of customers there are, how they differ, and where they go.",
        publication,
        models=MODELS,
    )
    profiles = ui.asked(publication, "segments_profiles")
    if profiles is None:
        return
    if profiles.rows.empty:
        ui.nothing(publication, ["customers", "orders"], NO_SEGMENTS)
    else:
        ui.cards(publication, figures(publication, profiles.rows), profiles, models=MODELS)
        ui.panel(
            "Sizes",
            profiles,
            lambda rows: sizes(publication, rows),
            about=ui.meaning(publication, "segments", "n_customers"),
            publication=publication,
            models=MODELS,
        )
        left, right = st.columns(2)
        with left:
            ui.panel(
                "How they differ",
                ui.asked(publication, "segments_traits"),
                profile_map,
                about=ui.meaning(publication, "segment_traits", "standing"),
                publication=publication,
                models=MODELS,
            )
        with right:
            ui.panel(
                "Sizes by day",
                ui.asked(publication, "segments_trend"),
                trend,
                about=ui.meaning(publication, "customer_health_overview", "n_customers"),
                publication=publication,
                models=MODELS,
            )
        moved(publication)
    ui.panel(
        "Recency and frequency, by rule",
        ui.asked(publication, "segments_rfm"),
        fifths,
        about=ui.meaning(publication, "rfm_cells", "recency_score"),
        needs=["orders"],
        publication=publication,
        empty="Nobody has ordered yet.",
    )


def figures(publication: Publication, rows: pd.DataFrame) -> list[Card]:
    """The cards; the largest segment stands first."""
    largest, best = rows.iloc[0], rows.loc[rows["spend_share"].idxmax()]
    return [
        Card("Segments", shown.number(len(rows)), [], "Kinds of customers that the model tells apart."),
        Card(
            "Largest",
            shown.share(largest["customer_share"], 0),
            [largest["segment_name"]],
            ui.meaning(publication, "segments", "customer_share"),
        ),
        Card(
            "Most spend",
            shown.share(best["spend_share"], 0),
            [best["segment_name"]],
            ui.meaning(publication, "segments", "spend_share"),
        ),
    ]


@ui.fragment
def moved(publication: Publication) -> None:
    """Flows between segments since the time before, or since a month before."""
    compared = state.switch("since", "Compared with", list(SINCE), written=SINCE.__getitem__)
    ui.panel(
        "Where customers went",
        ui.asked(publication, "segments_flows", compared_with=compared),
        flows,
        about=ui.meaning(publication, "segment_flows", "earlier_segment_share"),
        publication=publication,
        models=MODELS,
        empty=f"There is no earlier day to compare with yet: {ui.more_days(publication)}.",
    )
