"""Value: what customers are worth, how concentrated that is, and whether those who came stay."""

from __future__ import annotations

from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

NO_VALUES = "No customer was valued: the model needs about a year of orders to learn from."
MODELS = ("clv",)
OF_PAGE = ("clv", "churn")  # value at risk is made of both
MEASURES = {
    "retention": ("retention_share", "Ordered again", ".0%"),
    "revenue": ("cumulative_revenue_per_customer", "Revenue per customer so far", ",.0f"),
}


def decile_bars(currency: str) -> ui.Chart:
    """Mean value of a customer by tenth, with bounds."""
    tips = [
        alt.Tooltip("decile:N", title="Tenth"),
        alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
        alt.Tooltip("clv_365d_mean:Q", title="Mean value", format=",.0f"),
        alt.Tooltip("clv_365d_mean_lower:Q", title="Lower bound", format=",.0f"),
        alt.Tooltip("clv_365d_mean_upper:Q", title="Upper bound", format=",.0f"),
        alt.Tooltip("clv_share:Q", title="Share of all value", format=".1%"),
    ]
    base = alt.Chart().encode(x=alt.X("decile:O", title="Tenth of customers (1 is best)", axis=alt.Axis(labelAngle=0)))
    bars = base.mark_bar(color=ui.accent(), cornerRadiusEnd=2).encode(
        y=alt.Y("clv_365d_mean:Q", title=f"{currency}, with bounds", axis=ui.counts_axis()),
        tooltip=tips,
    )
    bounds = base.mark_rule(color=ui.RISK_COLOURS["medium"], strokeWidth=2).encode(
        y="clv_365d_mean_lower:Q", y2="clv_365d_mean_upper:Q", tooltip=tips
    )
    return alt.layer(bars, bounds)


def deciles(publication: Publication, rows: pd.DataFrame) -> None:
    """Mean value of a customer by tenth."""
    rows = rows.drop(columns=["net_spend_lifetime"])
    ui.vega(rows, decile_bars, publication.currency, alt_text="Mean value by tenth of customers, with bounds")


def held() -> ui.Chart:
    """How much of all value the best customers hold, and the line on which all would be worth the same."""
    base = alt.Chart().encode(
        x=alt.X("customer_share:Q", title="Customers, the best first", axis=alt.Axis(format="%", tickCount=5)),
    )
    area = base.mark_area(color=ui.accent(), opacity=0.25, line={"color": ui.accent()}).encode(
        y=alt.Y(
            "clv_share:Q",
            title="Of expected value",
            axis=alt.Axis(format="%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
        tooltip=[
            alt.Tooltip("customer_share:Q", title="The best", format=".0%"),
            alt.Tooltip("clv_share:Q", title="hold", format=".1%"),
            alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
        ],
    )
    even = base.mark_line(strokeDash=[4, 4], color="#8c8c8c").encode(y="customer_share:Q")
    return alt.layer(area, even)


def concentration(rows: pd.DataFrame) -> None:
    """How much of all value the best customers hold."""
    start = pd.DataFrame({"customer_share": [0.0], "clv_share": [0.0], "n_customers": [0]})
    rows = pd.concat([start, rows[["customer_share", "clv_share", "n_customers"]]])
    ui.vega(rows, held, alt_text="Concentration of expected value")


def cohort_map(column: str, title: str, pattern: str) -> ui.Chart:
    """A heat map: month of the first order down, months since across."""
    return (
        alt.Chart()
        .mark_rect()
        .encode(
            x=alt.X("month_number:O", title="Months since the first order", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("cohort:O", title="Month of the first order", axis=alt.Axis(labelOverlap=False)),
            color=alt.Color(
                f"{column}:Q",
                legend=alt.Legend(title=title, orient="top", format=pattern, gradientLength=200, titleLimit=260),
            ),
            tooltip=[
                alt.Tooltip("cohort:N", title="First order in"),
                alt.Tooltip("month_number:N", title="Months since"),
                alt.Tooltip("cohort_size:Q", title="Customers", format=",.0f"),
                alt.Tooltip("n_buyers:Q", title="Ordered", format=",.0f"),
                alt.Tooltip("retention_share:Q", title="Share", format=".1%"),
                alt.Tooltip("retention_share_lower:Q", title="Lower bound", format=".1%"),
                alt.Tooltip("retention_share_upper:Q", title="Upper bound", format=".1%"),
                alt.Tooltip("cumulative_revenue_per_customer:Q", title="Revenue per customer so far", format=",.2f"),
            ],
        )
    )


def cohorts(publication: Publication, rows: pd.DataFrame, measure: str) -> None:
    """Who came back, or what they brought."""
    column, title, pattern = MEASURES[measure]
    rows = rows[rows["month_number"] > 0] if measure == "retention" else rows
    rows = rows.assign(cohort=pd.to_datetime(rows["cohort_month"]).dt.strftime("%Y-%m"))
    title += "" if measure == "retention" else f" ({publication.currency})"
    height = 18 * rows["cohort"].nunique() + 110
    ui.vega(rows, cohort_map, column, title, pattern, height=height, alt_text=f"{title} by cohort")


def month_bars(currency: str) -> ui.Chart:
    """Net revenue by month; one that still runs is paler."""
    return (
        alt.Chart()
        .mark_bar(color=ui.accent())
        .encode(
            opacity=alt.condition("datum.is_complete", alt.value(1), alt.value(0.5)),
            x=alt.X("yearmonth(activity_month):T", title=None, axis=ui.days_axis(pattern="%b")),
            y=alt.Y("net_revenue:Q", title=currency, axis=ui.counts_axis()),
            tooltip=[
                alt.Tooltip("activity_month:T", title="Month", format="%b %Y"),
                alt.Tooltip("net_revenue:Q", title="Net revenue", format=",.0f"),
                alt.Tooltip("n_orders:Q", title="Orders", format=",.0f"),
            ],
        )
    )


def months(publication: Publication, rows: pd.DataFrame) -> None:
    """Net revenue by month."""
    rows = rows[["activity_month", "is_complete", "net_revenue", "n_orders"]].astype({"net_revenue": float})
    ui.vega(rows, month_bars, publication.currency, alt_text="Net revenue by month")


def page(publication: Publication) -> None:
    """Show it."""
    ui.head(
        "Value",
        "What customers are worth, who holds most of it, and whether those who came stay.",
        publication,
        models=OF_PAGE,
    )
    tenths, total = ui.asked(publication, "value_deciles"), ui.asked(publication, "value_total")
    if tenths is None or total is None:
        return
    if tenths.rows.empty:
        ui.nothing(publication, ["orders"], NO_VALUES)
    else:
        expected(publication, tenths, total)
    by_cohort(publication)
    ui.panel(
        "Net revenue by month",
        ui.asked(publication, "value_revenue"),
        lambda rows: months(publication, rows),
        about=ui.meaning(publication, "business_monthly", "net_revenue"),
        needs=["orders"],
        publication=publication,
        empty="Nothing was sold yet.",
    )


def expected(publication: Publication, tenths: Result, total: Result) -> None:
    """What customers are worth, by tenths, and how concentrated that is."""
    ui.cards(publication, figures(publication, total.one(), tenths.one()), total, tenths, models=OF_PAGE)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Value of a customer, by tenths",
            tenths,
            lambda rows: deciles(publication, rows),
            about=ui.meaning(publication, "value_deciles"),
            publication=publication,
            models=MODELS,
        )
    with right:
        ui.panel(
            "Concentration",
            ui.asked(publication, "value_concentration"),
            concentration,
            about=ui.meaning(publication, "value_concentration"),
            publication=publication,
            models=MODELS,
        )
    st.caption(
        "Bounds of a customer's value hold what 90 % of customers spend; those of sums and means are as far off as the"
        " total was in the worst backtest and customers are by themselves."
    )


def figures(publication: Publication, total: dict[str, Any], best: dict[str, Any]) -> list[Card]:
    """The cards: all value, and how much of it the best tenth holds and may lose."""
    money = publication.currency

    def about(column: str) -> str:
        return ui.meaning(publication, "value_deciles", column)

    bounds = partial(ui.bounds, write=partial(shown.money, currency=money))

    return [
        Card(
            "Expected value of 365 days",
            shown.money(total["clv_365d"], money),
            [bounds(total, "clv_365d"), shown.plural(total["n_customers"], "customer")],
            ui.meaning(publication, "value_concentration", "clv_365d"),
        ),
        Card("Held by the best tenth", shown.share(best["clv_share"], 0), ["of expected value"], about("clv_share")),
        Card(
            "Value of one of the best tenth",
            shown.money(best["clv_365d_mean"], money),
            [bounds(best, "clv_365d_mean")],
            about("clv_365d_mean"),
        ),
        Card(
            "At risk in the best tenth",
            shown.money(best["value_at_risk"], money),
            [bounds(best, "value_at_risk"), f"of {shown.money(best['clv_365d'], money)}"],
            about("value_at_risk"),
        ),
    ]


@ui.fragment
def by_cohort(publication: Publication) -> None:
    """Who came back, or what they brought, by the month of the first order."""
    measure = state.switch("show", "Cohorts by", list(MEASURES), written=shown.words)
    ui.panel(
        "Cohorts",
        ui.asked(publication, "value_retention"),
        lambda rows: cohorts(publication, rows, measure),
        about=ui.meaning(publication, "cohort_retention", MEASURES[measure][0]),
        needs=["orders"],
        publication=publication,
        empty="No month has ended since the first order.",
    )
