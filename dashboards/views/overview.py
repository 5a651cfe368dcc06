"""Customer health: how many customers there are, who is about to leave, and what is at stake."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import access, data, shown, state
from dashboards import components as ui
from dashboards.components import Card
from dashboards.data import Publication, Result

MODELS = ("churn", "clv", "segments")
NO_SCORES = (
    "No customer was scored: a churn model needs about a year of orders, or subscriptions, to learn from."
    " `clientele query \"select model_name, status, message from governance.model_registry\"` says what is missing."
)  # fmt: skip


def meanings(publication: Publication) -> dict[str, str]:
    """What the figures mean: as dbt's documentation says it, and by the settings of this warehouse."""
    leave = f"leave within {ui.horizon(publication)}"
    high = shown.share(float(data.setting(publication.path, "churn_risk_high_from", "0.7")), 0)

    def told(column: str) -> str:
        return ui.meaning(publication, "customer_health_overview", column)

    return {
        "n_customers": told("n_customers"),
        "n_active": told("n_active"),
        "churners_expected": f"{told('churners_expected')} {told('churners_expected_lower')}",
        "value_at_risk": f"What is lost where customers leave as expected: each one's probability to {leave}, times the"
        f" value expected of the next 365 days, added up. {told('value_at_risk_lower')}",
        "n_high_risk": f"Customers whose probability to {leave} is {high} or more. Only customers who ordered within a"
        " year, or have a subscription, can be lost.",
        "churn_probability_mean": f"Mean probability to {leave}, of the customers who can be lost."
        f" {told('churn_probability_mean_lower')}",
        "churn_probability": f"Customers by their probability to {leave}. Buyers leave by not ordering, subscribers by"
        " ending their last subscription.",
        "moved": "Customers whose value at risk rose or fell most: their probability to"
        f" {leave}, times the value expected of the next 365 days.",
    }


def figures(publication: Publication, now: Result, changes: Result | None) -> list[Card]:
    """The cards: the newest day, with bounds and what has changed since readers saw it last."""
    today, money, about = now.one(), publication.currency, meanings(publication)
    moved = (
        {} if changes is None else next(iter(changes.rows.query("compared_with == 'previous'").to_dict("records")), {})
    )

    def change(column: str, write: Callable[[Any], str] = shown.change) -> str:
        if pd.isna(value := moved.get(f"{column}_change")):
            return ""
        return f"{write(value)} since {shown.day(moved['earlier_date'])}"

    def bounds(column: str, write: Callable[[Any], str]) -> str:
        told = ui.bounds(today, column, write)
        is_summed = column == "churners_expected"
        return f"{told}, customers' bounds summed" if told and is_summed else told

    in_money = partial(shown.money, currency=money)

    return [
        Card("Customers", shown.number(today["n_customers"]), [change("n_customers")], about["n_customers"]),
        Card("Active in 90 days", shown.number(today["n_active"]), [change("n_active")], about["n_active"]),
        Card(
            "Expected to leave",
            shown.number(today["churners_expected"]),
            [
                f"of {shown.number(today['n_scored'])} who can be lost",
                bounds("churners_expected", shown.number),
                change("churners_expected"),
            ],
            about["churners_expected"],
        ),
        Card(
            "Value at risk",
            in_money(today["value_at_risk"]),
            [bounds("value_at_risk", in_money), change("value_at_risk", partial(shown.money_change, currency=money))],
            about["value_at_risk"],
        ),
        Card(
            "At high risk",
            shown.number(today["n_high_risk"]),
            [f"of {shown.number(today['n_scored'])} who can be lost", change("n_high_risk")],
            about["n_high_risk"],
        ),
    ]


def at_risk_bars(currency: str, segments: tuple[str, ...]) -> ui.Chart:
    """Value at risk by segment, with bounds."""
    base = alt.Chart().encode(y=alt.Y("segment_name:N", sort=None, title=None, axis=ui.beside(segments)))
    tips = [
        alt.Tooltip("segment_name:N", title="Segment"),
        alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
        alt.Tooltip("value_at_risk:Q", title=f"Value at risk ({currency})", format=",.0f"),
        alt.Tooltip("value_at_risk_lower:Q", title="Lower bound", format=",.0f"),
        alt.Tooltip("value_at_risk_upper:Q", title="Upper bound", format=",.0f"),
        alt.Tooltip("churn_probability_mean:Q", title="Mean churn probability", format=".1%"),
    ]
    bars = base.mark_bar(color=ui.accent(), cornerRadiusEnd=2, height=14).encode(
        x=alt.X("value_at_risk:Q", title=f"{currency}, with bounds", axis=ui.counts_axis()),
        tooltip=tips,
    )
    bounds = base.mark_rule(color=ui.RISK_COLOURS["medium"], strokeWidth=2).encode(
        x="value_at_risk_lower:Q", x2="value_at_risk_upper:Q", tooltip=tips
    )
    return alt.layer(bars, bounds)


def segments_at_risk(publication: Publication, rows: pd.DataFrame) -> None:
    """Value at risk by segment."""
    st.caption("Lines: bounds of each sum.")
    height = max(34 * len(rows) + 50, ui.HEIGHT)
    ui.vega(
        rows, at_risk_bars, publication.currency, tuple(rows["segment_name"]),
        height=height, alt_text="Value at risk by segment, with bounds",
    )  # fmt: skip


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
            y=alt.Y("n_customers:Q", title="Customers", axis=ui.counts_axis()),
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


def scored_by(published: pd.DataFrame, models: Sequence[str]) -> dict[Any, str]:
    """By day that was published, the versions of some models which told it last: churn 0123456 89abcde, clv 456789a."""
    told: dict[Any, str] = {}
    for day, versions in zip(published["snapshot_date"], published["models_json"], strict=True):
        found: dict[str, list[str]] = {}
        for name, version in sorted(json.loads(versions or "{}").items()):
            if name.split(".")[0] in models:
                found.setdefault(name.split(".")[0], []).append(version[:7])
        told[pd.Timestamp(day)] = ", ".join(f"{name} {' '.join(those)}" for name, those in found.items())
    return told


def with_models(rows: pd.DataFrame, published: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Days with the models that told them, as far as they were published, and whether these are others than before.

    A day that was built and never published names no model. The first day that was published is held against its own
    first publication: the days before it were built by then.
    """
    published = published.sort_values("published_at", kind="stable")
    told = scored_by(published, models)
    before = next(iter(scored_by(published.head(1), models).values()), "")
    days = pd.to_datetime(rows["snapshot_date"])
    named, is_other = [], []
    for number, day in enumerate(days):
        named.append(told.get(day, ""))
        is_other.append(bool(number and named[-1] and named[-1] != before))
        before = named[-1] or before
    return rows.assign(models=[name or "not named: built, not published" for name in named], is_other_model=is_other)


def by_day(column: str, title: str, unit: str | None, pattern: str, has_bounds: bool, has_points: bool) -> ui.Chart:
    """A figure on every day that was scored, its bounds as a band, and a line where another model came."""
    base = alt.Chart().encode(x=alt.X("snapshot_date:T", title=None, axis=ui.days_axis()))
    told = {column: title} | (
        {f"{column}_lower": "Customers' lower bounds", f"{column}_upper": "Customers' upper bounds"}
        if has_bounds
        else {}
    )
    tips = [
        alt.Tooltip("snapshot_date:T", title="Day", format="%-d %b %Y"),
        *(alt.Tooltip(f"{name}:Q", title=what, format=pattern) for name, what in told.items()),
    ]
    axis = alt.Axis(format=".0%", tickCount=5) if pattern.endswith("%") else ui.counts_axis()
    line = base.mark_line(color=ui.accent(), point=has_points, tooltip=None).encode(
        y=alt.Y(f"{column}:Q", title=unit, axis=axis, scale={"zero": True})
    )
    if not has_bounds:
        return alt.layer(line, ui.by_the_day(base, tips))
    tips.append(alt.Tooltip("models:N", title="By models"))
    band = base.mark_area(color=ui.accent(), opacity=0.18, tooltip=None).encode(
        y=f"{column}_lower:Q", y2=f"{column}_upper:Q"
    )
    other = base.transform_filter(alt.datum.is_other_model)
    came = other.mark_rule(color=ui.RISK_COLOURS["medium"], strokeDash=[5, 4], strokeWidth=1.5, tooltip=None)
    named = other.mark_text(
        align="right", baseline="top", dx=-4, fontSize=11, color=ui.RISK_COLOURS["medium"], tooltip=None
    ).encode(y=alt.value(0), text=alt.value("other model"))
    return alt.layer(band, line, came, named, ui.by_the_day(base, tips))


def over_time(
    rows: pd.DataFrame,
    published: pd.DataFrame | None,
    *,
    column: str,
    title: str,
    unit: str | None,
    pattern: str,
    models: Sequence[str],
    band: str,
) -> None:
    """A figure on every day that was scored."""
    has_bounds = f"{column}_lower" in rows
    names = ["snapshot_date", column, *([f"{column}_lower", f"{column}_upper"] if has_bounds else [])]
    rows = rows[names]
    if has_bounds:
        none = pd.DataFrame({"published_at": [], "snapshot_date": [], "models_json": []})
        rows = with_models(rows, none if published is None else published, models)
    ui.vega(rows, by_day, column, title, unit, pattern, has_bounds, len(rows) < ui.MANY, alt_text=f"{title} by day")
    if has_bounds:
        others = [shown.day(day) for day in rows.loc[rows["is_other_model"], "snapshot_date"]]
        came = (
            f" Another model tells the days from {' and '.join(others)} on: what changed there, bounds above all,"
            " changed by the model and not by customers alone."
        )
        st.caption(f"Band: {band}.{came if others else ''}")


def movers(publication: Publication, rows: pd.DataFrame) -> None:
    """Who moved most."""
    money = publication.currency
    since = ui.compared_day(rows)
    st.caption(f"Since {since}. A click on a customer opens the customer in a tab of its own.")
    ui.table(
        publication,
        rows.round({"value_at_risk_change": 0}).assign(
            value_at_risk=ui.then_and_now(rows, "value_at_risk", shown.short),
            churn_probability=ui.then_and_now(rows, "churn_probability", partial(shown.probability, digits=0)),
            clv_365d=ui.then_and_now(rows, "clv_365d", shown.short),
        ),
        "customer_changes",
        {
            "customer_id": ui.Column("Customer", "customer", width=80),
            "value_at_risk_change": ui.Column("Change", "change", width=70),
            "value_at_risk": ui.text(f"At risk, then → now ({money})", width=170),
            "churn_probability": ui.text("Churn, then → now", width=150),
            "clv_365d": ui.text(f"Value, then → now ({money})", width=160),
            "segment_name": ui.text("Segment", width=90),
        },
        wraps=True,
        most=5,
        key="movers",
    )


def page(publication: Publication) -> None:
    """Show it."""
    lead = f"Who is about to leave within {ui.horizon(publication)}, and what is at stake?"
    ui.head("Customer health", lead, publication, models=MODELS)
    about = meanings(publication)
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
            about=about["value_at_risk"],
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
        otherwise = "Nobody is in this segment today." if segment else "No day was scored yet: `clientele daily` does."
        ui.nothing(publication, ["customers", "orders"], otherwise)
        return
    changes = ui.asked(publication, "overview_changes", segment=segment)
    told = [result for result in (now, changes) if result is not None]
    ui.cards(publication, figures(publication, now, changes), *told, models=("churn", "clv"))
    if now.one()["n_scored"] == 0 and segment is None:
        st.info(NO_SCORES, icon=":material/info:")
    trend = ui.asked(publication, "overview_trend", segment=segment)
    over_days(publication, trend)
    about = meanings(publication)
    left, right = st.columns([1, 2])
    with left:
        ui.panel(
            "Customers by churn probability",
            ui.asked(publication, "overview_risk", segment=segment),
            risk_bands,
            about=about["churn_probability"],
            publication=publication,
            models=("churn",),
            empty=NO_SCORES if segment is None else "Nobody of this segment can be lost: none has ordered in a year.",
        )
    # Who may not know customers sees none, with an id or without.
    if "customer_id" in access.hidden_columns():
        return
    with right:
        ui.panel(
            "Customers whose value at risk moved most",
            ui.asked(publication, "overview_movers", segment=segment),
            lambda rows: movers(publication, rows),
            about=about["moved"],
            publication=publication,
            models=("churn", "clv"),
            empty=f"Changes show from the second day that is built: {ui.more_days(publication)}."
            if trend is None or len(trend.rows) < 2
            else "Nobody can be compared: no day that lies before this one and that readers saw, or that was built for"
            " all customers, has scores of single customers in this publication. The next one is held against this.",
        )


def over_days(publication: Publication, trend: Result | None) -> None:
    """The figures that matter, day by day."""
    if trend is None:
        return
    if len(trend.rows) < 2:
        st.info(
            f"Figures over time begin with the second day that is built: {ui.more_days(publication)}.",
            icon=":material/timeline:",
        )
        return
    published = ui.asked(publication, "overview_versions")
    about = meanings(publication)
    what: list[tuple[str, str, str | None, str, Sequence[str], str]] = [
        ("n_customers", "Customers", "Customers", ",.0f", (), ""),
        ("n_active", "Active customers", "Customers", ",.0f", (), ""),
        (
            "churn_probability_mean",
            "Mean churn probability",
            None,
            ".1%",
            ("churn",),
            "mean of customers' own bounds (95 %)",
        ),
        (
            "value_at_risk",
            "Value at risk",
            publication.currency,
            ",.0f",
            ("churn", "clv"),
            "bounds of the sum",
        ),
    ]
    for cell, (column, title, unit, pattern, models, band) in zip([*st.columns(2), *st.columns(2)], what, strict=True):
        with cell:
            ui.panel(
                title,
                (trend, published) if models and published is not None else trend,
                partial(
                    over_time, published=None if published is None else published.rows, column=column, title=title,
                    unit=unit, pattern=pattern, models=models, band=band,
                ),
                about=about[column],
                publication=publication,
                models=models,
            )  # fmt: skip


def revenue_bars(currency: str) -> ui.Chart:
    """Sales less refunds, by day."""
    return (
        alt.Chart()
        .mark_bar(color=ui.accent())
        .encode(
            x=alt.X("activity_date:T", title=None, axis=ui.days_axis()),
            y=alt.Y("net_revenue:Q", title=currency, axis=ui.counts_axis()),
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
