"""Customer health: how many customers there are, who is about to leave, and what is at stake."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

HEALTH = "customer_health_overview"
MODELS = ("churn", "clv", "segments")
MANY_DAYS = 40  # beyond, a line shows no points
NO_SCORES = (
    "No customer was scored: a churn model needs about a year of orders, or subscriptions, to learn from."
    " `clientele query \"select model_name, status, message from governance.model_registry\"` says what is missing."
)  # fmt: skip


def figures(publication: Publication, now: Result, changes: Result | None) -> list[Card]:
    """The cards: the newest day, with bounds and what has changed since readers saw it last."""
    today, money = now.one(), publication.currency
    moved = (
        {} if changes is None else next(iter(changes.rows.query("compared_with == 'previous'").to_dict("records")), {})
    )

    def change(column: str, write: Callable[[Any], str] = shown.change) -> str:
        if pd.isna(value := moved.get(f"{column}_change")):
            return ""
        return f"{write(value)} since {shown.day(moved['earlier_date'])}"

    def bounds(column: str, write: Callable[[Any], str]) -> str:
        return shown.between(write(today[f"{column}_lower"]), write(today[f"{column}_upper"]))

    def in_money(value: Any) -> str:
        return shown.money(value, money)

    def about(column: str) -> str:
        return ui.meaning(publication, HEALTH, column)

    return [
        Card("Customers", shown.number(today["n_customers"]), [change("n_customers")], about("n_customers")),
        Card("Active in 90 days", shown.number(today["n_active"]), [change("n_active")], about("n_active")),
        Card(
            "Expected to leave",
            shown.number(today["churners_expected"]),
            [bounds("churners_expected", shown.number), change("churners_expected")],
            about("churners_expected"),
        ),
        Card(
            "Value at risk",
            in_money(today["value_at_risk"]),
            [bounds("value_at_risk", in_money), change("value_at_risk", partial(shown.money_change, currency=money))],
            about("value_at_risk"),
        ),
        Card(
            "At high risk",
            shown.number(today["n_high_risk"]),
            [f"of {shown.number(today['n_scored'])} who can be lost", change("n_high_risk")],
            about("n_high_risk"),
        ),
    ]


def at_risk_bars(currency: str) -> ui.Chart:
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
    axis = alt.Axis(format="~s", tickCount=5)
    bars = base.mark_bar(color=ui.accent(), cornerRadiusEnd=2, height=14).encode(
        x=alt.X("value_at_risk:Q", title=f"{currency}, with bounds", axis=axis), tooltip=tips
    )
    bounds = base.mark_rule(color=ui.RISK_COLOURS["medium"], strokeWidth=2).encode(
        x="value_at_risk_lower:Q", x2="value_at_risk_upper:Q", tooltip=tips
    )
    return alt.layer(bars, bounds)


def segments_at_risk(publication: Publication, rows: pd.DataFrame) -> None:
    """Value at risk by segment."""
    height = max(34 * len(rows) + 50, ui.HEIGHT)
    ui.vega(rows, at_risk_bars, publication.currency, height=height, alt_text="Value at risk by segment, with bounds")


def bands() -> ui.Chart:
    """Customers by churn probability, buyers and subscribers told apart."""
    return (
        alt.Chart()
        .mark_bar()
        .encode(
            x=alt.X(
                "probability_from:Q", bin="binned", title="Churn probability", axis=alt.Axis(format="%", tickCount=10)
            ),
            x2="probability_to:Q",
            y=alt.Y("n_customers:Q", title="Customers", axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color(
                "kind:N", title=None, legend=alt.Legend(orient="top"), scale=alt.Scale(domain=["buyers", "subscribers"])
            ),
            tooltip=[
                alt.Tooltip("kind:N", title="Kind"),
                alt.Tooltip("probability_from:Q", title="From", format=".0%"),
                alt.Tooltip("probability_to:Q", title="To", format=".0%"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
            ],
        )
    )


def risk_bands(rows: pd.DataFrame) -> None:
    """Customers by churn probability."""
    kind = rows["churn_type"].map({"contractual": "subscribers"}).fillna("buyers")
    ui.vega(rows.assign(kind=kind), bands, alt_text="Customers by churn probability")


def by_day(column: str, title: str, unit: str | None, pattern: str, has_bounds: bool, has_points: bool) -> ui.Chart:
    """A figure on every day that was scored, its bounds as a band."""
    base = alt.Chart().encode(x=alt.X("snapshot_date:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6)))
    told = {column: title} | (
        {f"{column}_lower": "Lower bound", f"{column}_upper": "Upper bound"} if has_bounds else {}
    )
    tips = [alt.Tooltip(f"{name}:Q", title=what, format=pattern.replace("~s", ",.0f")) for name, what in told.items()]
    line = base.mark_line(color=ui.accent(), point=has_points).encode(
        y=alt.Y(f"{column}:Q", title=unit, axis=alt.Axis(format=pattern, tickCount=5), scale={"zero": False}),
        tooltip=[alt.Tooltip("snapshot_date:T", title="Day", format="%-d %b %Y"), *tips],
    )
    if not has_bounds:
        return line
    band = base.mark_area(color=ui.accent(), opacity=0.18).encode(y=f"{column}_lower:Q", y2=f"{column}_upper:Q")
    return alt.layer(band, line)


def over_time(rows: pd.DataFrame, *, column: str, title: str, unit: str | None, pattern: str) -> None:
    """A figure on every day that was scored."""
    has_bounds = f"{column}_lower" in rows
    names = ["snapshot_date", column, *([f"{column}_lower", f"{column}_upper"] if has_bounds else [])]
    ui.vega(
        rows[names], by_day, column, title, unit, pattern, has_bounds, len(rows) < MANY_DAYS, alt_text=f"{title} by day"
    )


def movers(publication: Publication, rows: pd.DataFrame) -> None:
    """Who moved most."""
    money = publication.currency
    seen = "the publication before" if rows["is_earlier_published"].iloc[0] else "the day built before"
    st.caption(f"Since {shown.day(rows['earlier_date'].iloc[0])}, {seen}")
    ui.table(
        publication,
        rows.round({"value_at_risk_change": 0}).assign(
            value_at_risk=ui.estimates(rows, "value_at_risk", shown.short),
            churn_probability=ui.estimates(rows, "churn_probability", partial(shown.share, digits=0)),
            earlier_churn_probability=ui.estimates(rows, "earlier_churn_probability", partial(shown.share, digits=0)),
        ),
        "customer_changes",
        {
            "customer_id": ui.text("Customer"),
            "segment_name": ui.text("Segment", width=180),
            "value_at_risk_change": ui.amount("Change", money),
            "value_at_risk": ui.estimate("Value at risk", money),
            "earlier_churn_probability": ui.estimate("Churn then"),
            "churn_probability": ui.estimate("Churn now"),
        },
        height=ui.HEIGHT,
        key="movers",
    )


def page(publication: Publication) -> None:
    """Show it."""
    ui.head("Customer health", "Who is about to leave, and what is at stake?", publication, models=MODELS)
    names = ui.asked(publication, "segment_names")
    if names is None:
        return
    of_segment(publication, list(names.rows["segment_name"]))
    st.subheader("All customers", anchor=False)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Value at risk by segment",
            ui.asked(publication, "overview_segments"),
            lambda rows: segments_at_risk(publication, rows),
            about=ui.meaning(publication, HEALTH, "value_at_risk"),
            publication=publication,
            models=MODELS,
            empty=NO_SCORES,
        )
    with right:
        ui.panel(
            "Net revenue by day",
            ui.asked(publication, "overview_sales"),
            lambda rows: net_revenue(publication, rows),
            about=ui.meaning(publication, "business_daily", "net_revenue"),
            publication=publication,
            needs=["orders"],
            empty="Nothing was sold yet.",
        )


@ui.fragment
def of_segment(publication: Publication, segments: list[str]) -> None:
    """All customers, or those of one segment: how many, at what risk, since when, and who moved."""
    with st.columns([1, 2])[0]:
        segment = state.choice("segment", "Segment", segments)
    now = ui.asked(publication, "overview_now", segment=segment)
    if now is None:
        return
    if now.rows.empty:
        ui.nothing(publication, ["customers", "orders"], "Nobody is in this segment today.")
        return
    changes = ui.asked(publication, "overview_changes", segment=segment)
    told = [result for result in (now, changes) if result is not None]
    ui.cards(publication, figures(publication, now, changes), *told, models=("churn", "clv"))
    if now.one()["n_scored"] == 0 and segment is None:
        st.info(NO_SCORES, icon=":material/info:")
    over_days(publication, ui.asked(publication, "overview_trend", segment=segment))
    left, right = st.columns([1, 2])
    with left:
        ui.panel(
            "Customers by churn probability",
            ui.asked(publication, "overview_risk", segment=segment),
            risk_bands,
            about=ui.meaning(publication, "customer_churn", "churn_probability"),
            publication=publication,
            models=("churn",),
            empty=NO_SCORES if segment is None else "Nobody of this segment can be lost: none has ordered in a year.",
        )
    with right:
        ui.panel(
            "Customers whose value at risk moved most",
            ui.asked(publication, "overview_movers", segment=segment),
            lambda rows: movers(publication, rows),
            about=ui.meaning(publication, "customer_changes", "value_at_risk_change"),
            publication=publication,
            models=("churn", "clv"),
            empty=f"Changes show from the second day that is built: {ui.more_days(publication)}.",
        )


def over_days(publication: Publication, trend: Result | None) -> None:
    """The three figures that matter, day by day."""
    if trend is None:
        return
    if len(trend.rows) < 2:
        st.info(
            f"Figures over time begin with the second day that is built: {ui.more_days(publication)}.",
            icon=":material/timeline:",
        )
        return
    what = [
        ("n_active", "Active customers", "Customers", "~s", ()),
        ("churn_probability_mean", "Mean churn probability", None, ".0%", ("churn",)),
        ("value_at_risk", "Value at risk", publication.currency, "~s", ("churn", "clv")),
    ]
    for column, (name, title, unit, pattern, models) in zip(st.columns(3), what, strict=True):
        with column:
            ui.panel(
                title,
                trend,
                partial(over_time, column=name, title=title, unit=unit, pattern=pattern),
                about=ui.meaning(publication, HEALTH, name),
                publication=publication,
                models=models,
            )


def revenue_bars(currency: str) -> ui.Chart:
    """Sales less refunds, by day."""
    return (
        alt.Chart()
        .mark_bar(color=ui.accent())
        .encode(
            x=alt.X("activity_date:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6)),
            y=alt.Y("net_revenue:Q", title=currency, axis=alt.Axis(format="~s")),
            tooltip=[
                alt.Tooltip("activity_date:T", title="Day", format="%-d %b %Y"),
                alt.Tooltip("net_revenue:Q", title="Net revenue", format=",.0f"),
                alt.Tooltip("n_orders:Q", title="Orders", format=",.0f"),
                alt.Tooltip("n_buyers:Q", title="Buyers", format=",.0f"),
            ],
        )
    )


def net_revenue(publication: Publication, rows: pd.DataFrame) -> None:
    """Sales less refunds, by day."""
    rows = rows[["activity_date", "net_revenue", "n_orders", "n_buyers"]].astype({"net_revenue": float})
    ui.vega(rows, revenue_bars, publication.currency, alt_text="Net revenue by day")
