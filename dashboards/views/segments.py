"""Segments: which kinds of customers there are, how they differ, and where customers go."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

TRAITS = {
    "recency_days": "Days since last order",
    "n_orders_lifetime": "Orders",
    "aov_lifetime": "Order value",
    "n_sessions_90d": "Visits in 90 days",
    "engagement_score": "Engagement",
    "refund_lifetime_share": "Refunded share",
}
MODELS = ("segments",)
# In the address; as it is written where no earlier day tells which it is.
SINCE = {"month": "28 days before or more", "previous": "the last day before"}
TREND = 300  # pixels of the chart of sizes by day
ALL = "all of them"  # the name of totals in the map of flows
NO_SEGMENTS = "No segments were found: the model needs a few hundred customers with orders."


def trait_map(traits: tuple[str, ...], segments: tuple[str, ...]) -> ui.Chart:
    """How segments differ: each trait beside its mean over segments, in standard deviations."""
    base = alt.Chart().encode(
        x=alt.X(
            "what:N",
            sort=list(TRAITS.values()),
            title=None,
            axis=ui.below(traits),
        ),
        y=alt.Y("segment_name:N", title=None, axis=ui.beside(segments)),
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
                values=[-2, 0, 2],
                labelExpr="datum.value > 0 ? '+' + datum.value : datum.value",
                titleLimit=240,
            ),
        )
    )
    numbers = base.mark_text(fontSize=11).encode(text="written:N", color=ui.ink())
    return alt.layer(cells, numbers)


def profile_map(rows: pd.DataFrame) -> None:
    """How segments differ."""
    # Nothing is known of some traits of some segments, which a cell says.
    every = pd.MultiIndex.from_product([rows["segment_name"].unique(), rows["trait"].unique()])
    rows = rows.set_index(["segment_name", "trait"])[["trait_mean", "standing"]].reindex(every)
    rows = rows.rename_axis(["segment_name", "trait"]).reset_index()
    rows = rows.assign(
        what=rows["trait"].map(TRAITS).fillna(rows["trait"]),
        written=[
            shown.share(mean, 0) if trait.endswith("_share") else shown.rounded(mean)
            for trait, mean in zip(rows["trait"], rows["trait_mean"], strict=True)
        ],
    )
    st.caption("Blue is above the mean of the segments, orange below it: whether that is good depends on the trait.")
    traits, segments = (tuple(rows[name].unique()) for name in ("what", "segment_name"))
    ui.vega(rows, trait_map, traits, segments, height=38 * len(segments) + 130, alt_text="How segments differ")


def sizes(publication: Publication, rows: pd.DataFrame, compared: pd.DataFrame | None) -> None:
    """Sizes and shares, as a table, and how they changed since an earlier day."""
    if compared is not None and not compared.empty:
        st.caption(f"Changes since {ui.compared_day(compared)}.")
        changes = compared[["segment_id", "n_customers_change", "n_customers_change_share"]]
        rows = rows.merge(changes, on="segment_id", how="left")
    ui.table(
        publication,
        rows.assign(spend_lifetime=rows["spend_lifetime"].astype(float).round(0)),
        "segments",
        {
            "segment_name": ui.text("Segment", width=125),
            "n_customers": ui.Column("Customers", "number", width=75),
            "n_customers_change": ui.Column("Change", "change", table="customer_health_changes", width=65),
            "n_customers_change_share": ui.Column(
                "Change, %", "share change", table="customer_health_changes", width=80
            ),
            "customer_share": ui.Column("of all", "share", width=60),
            "spend_lifetime": ui.amount("Spent", publication.currency),
            "spend_share": ui.part("of all spend"),
            "n_high_value": ui.figure("High value"),
            "sureness_mean": ui.decimal("Sureness"),
        },
        wraps=True,
    )


def flow_map(then: tuple[str, ...], now: tuple[str, ...]) -> ui.Chart:
    """From which segment to which, as shares of the segment then, with totals."""
    base = alt.Chart().encode(
        x=alt.X(
            "segment_name:N",
            title="Segment now",
            sort=list(now),
            axis=ui.below(now),
        ),
        y=alt.Y(
            "earlier_segment_name:N",
            title="Segment then",
            sort=list(then),
            axis=ui.beside(then, 15),
        ),
    )
    size = alt.ExprRef(f"{ui.NARROW} ? 9 : 11")
    tips = [
        alt.Tooltip("earlier_segment_name:N", title="Then"),
        alt.Tooltip("segment_name:N", title="Now"),
        alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
    ]
    share = alt.Tooltip("earlier_segment_share:Q", title="Of those then", format=".1%")
    went = base.transform_filter("!datum.is_total")
    cells = went.mark_rect(cornerRadius=2).encode(
        color=alt.Color("earlier_segment_share:Q", legend=None, scale=alt.Scale(domain=[0, 1])), tooltip=[*tips, share]
    )
    numbers = went.mark_text(fontSize=size).encode(
        text=alt.Text("n_customers:Q", format=",.0f"),
        color=ui.on_shade("earlier_segment_share", ui.of_most(1)),
        tooltip=[*tips, share],
    )
    totals = (
        base.transform_filter("datum.is_total")
        .mark_text(fontSize=size, fontWeight="bold", color=ui.accent())
        .encode(text=alt.Text("n_customers:Q", format=",.0f"), tooltip=tips)
    )
    return alt.layer(cells, numbers, totals)


def with_totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Flows, and their sums by the segment then, by that now, and of all."""
    then = rows.groupby("earlier_segment_name", as_index=False)["n_customers"].sum().assign(segment_name=ALL)
    now = rows.groupby("segment_name", as_index=False)["n_customers"].sum().assign(earlier_segment_name=ALL)
    of_all = {"earlier_segment_name": [ALL], "segment_name": [ALL], "n_customers": [rows["n_customers"].sum()]}
    columns = ["earlier_segment_name", "segment_name", "n_customers", "earlier_segment_share"]
    found = pd.concat([rows[columns], then, now, pd.DataFrame(of_all)], ignore_index=True)
    return found.assign(is_total=found["earlier_segment_share"].isna())


def flows(rows: pd.DataFrame) -> None:
    """From which segment to which."""
    st.caption(
        f"{ui.compared_day(rows)} to {shown.day(rows['snapshot_date'].iloc[0])}. Only customers who are in a segment on"
        " both days: who is new, or was in none, is left out, so that sums can be smaller than the sizes above."
    )
    then, now = ((*sorted(rows[name].unique()), ALL) for name in ("earlier_segment_name", "segment_name"))
    height = 34 * len(then) + 140
    ui.vega(with_totals(rows), flow_map, then, now, height=height, alt_text="Flows between segments")


def size_lines() -> ui.Chart:
    """Sizes by day, each line with its name at its end."""
    room = "min(225, 0.5 * width)"  # for the names
    base = alt.Chart().encode(
        x=alt.X(
            "snapshot_date:T",
            title=None,
            axis=ui.days_axis(5),
            scale=alt.Scale(range=[0, {"expr": f"width - {room}"}]),
        ),
        color=alt.Color("segment_name:N", legend=None),
    )
    size = alt.Y("n_customers:Q", title="Customers", axis=ui.counts_axis(), scale=alt.Scale(zero=True))
    lines = base.mark_line(tooltip=None).encode(y=size)
    points = base.mark_point(opacity=0, size=140, filled=True).encode(
        y=size,
        tooltip=[
            alt.Tooltip("snapshot_date:T", title="Day", format="%-d %b %Y"),
            alt.Tooltip("segment_name:N", title="Segment"),
            alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
        ],
    )
    names = (
        base.transform_filter("isValid(datum.name_at)")
        .mark_text(align="left", dx=7, fontSize=11, limit=alt.expr(f"{room} - 10"), tooltip=None)
        .encode(y="name_at:Q", text="segment_name:N")
    )
    return alt.layer(lines, points, names)


def names_at(sizes: pd.Series, least: float) -> pd.Series:
    """Where names of lines stand, in order of their ends, none nearer to another than `least`."""
    placed: dict[Any, float] = {}
    at = -math.inf
    for name, size in sizes.sort_values().items():
        at = max(float(size), at + least)
        placed[name] = at
    return pd.Series(placed)


def trend(rows: pd.DataFrame) -> None:
    """Sizes by day."""
    last = rows[rows["snapshot_date"] == rows["snapshot_date"].max()].set_index("segment_name")["n_customers"]
    span = max(float(rows["n_customers"].max()), 1.0)
    at = rows["segment_name"].map(names_at(last, span * 15 / TREND))
    rows = rows.assign(name_at=at.where(rows["snapshot_date"] == rows["snapshot_date"].max()))
    ui.vega(rows, size_lines, height=TREND, alt_text="Customers of each segment by day")


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
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color("n_customers:Q", legend=None, scale=alt.Scale(domain=[0, most]))
    )
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text("n_customers:Q", format=",.0f"),
        color=ui.on_shade("n_customers", ui.of_most(most)),
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
        history = ui.asked(publication, "segments_trend")
        moved(publication, profiles)
        ui.panel(
            "How they differ",
            ui.asked(publication, "segments_traits"),
            profile_map,
            about=ui.meaning(publication, "segment_traits"),
            publication=publication,
            models=MODELS,
        )
        if history is not None:
            has_days = history.rows["snapshot_date"].nunique() > 1
            ui.panel(
                "Sizes by day",
                history if has_days else replace(history, rows=history.rows.head(0)),
                trend,
                about=ui.meaning(publication, "customer_health_overview"),
                publication=publication,
                models=MODELS,
                empty=f"Sizes over time begin with the second day that is built: {ui.more_days(publication)}.",
            )
    ui.panel(
        "Recency and frequency, by rule",
        ui.asked(publication, "segments_rfm"),
        fifths,
        about=ui.meaning(publication, "rfm_cells", "n_customers"),
        needs=["orders"],
        publication=publication,
        empty="Nobody has ordered yet.",
    )


def figures(publication: Publication, rows: pd.DataFrame) -> list[Card]:
    """The cards; the largest segment stands first."""
    largest, best = rows.iloc[0], rows.loc[rows["spend_share"].idxmax()]

    def about(column: str) -> str:
        return ui.meaning(publication, "segments", column)

    return [
        Card("Segments", shown.number(len(rows)), [], ui.meaning(publication, "segments")),
        Card(
            "Largest",
            shown.share(largest["customer_share"], 0),
            [largest["segment_name"]],
            about("customer_share"),
        ),
        Card("Most spend", shown.share(best["spend_share"], 0), [best["segment_name"]], about("spend_share")),
    ]


def earlier_days(publication: Publication) -> dict[str, str]:
    """The days that the newest can be compared with: 31 Dec 2025, 1 day before."""
    found = ui.asked(publication, "compared_days")
    rows = [] if found is None else found.rows.to_dict("records")
    return {
        str(row["compared_with"]): f"{shown.day(row['earlier_date'])},"
        f" {shown.plural((row['snapshot_date'] - row['earlier_date']).days, 'day')} before"
        for row in rows
    }


@ui.fragment
def moved(publication: Publication, profiles: Result) -> None:
    """Sizes, and flows between segments, since the last day before or since about a month before."""
    days = earlier_days(publication)
    since = state.switch("since", "Compared with", list(SINCE), written=lambda key: days.get(key, SINCE[key]))
    compared = ui.asked(publication, "segments_compared", compared_with=since)
    ui.panel(
        "Sizes",
        profiles if compared is None else (profiles, compared),
        lambda rows: sizes(publication, rows, None if compared is None else compared.rows),
        about=ui.meaning(publication, "segments", "n_customers"),
        publication=publication,
        models=MODELS,
    )
    ui.panel(
        "Where customers went",
        ui.asked(publication, "segments_flows", compared_with=since),
        flows,
        about=f"{ui.meaning(publication, 'segment_flows', 'n_customers')} Shade:"
        f" {ui.meaning(publication, 'segment_flows', 'earlier_segment_share')}",
        publication=publication,
        models=MODELS,
        empty=f"There is no earlier day to compare with yet: {ui.more_days(publication)}.",
    )
