"""Credit: scores, what is expected to be lost, offers, reasons and fairness; for who decides on risk."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import data, shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

NEEDS = ("loans", "repayments", "bank_transactions")
SCORES = "credit_scores"


def page(publication: Publication) -> None:
    """Show it, or what is missing."""
    ui.head("Credit", "What credit can customers carry, and what would be lost?", publication, models=("credit",))
    try:
        summary = data.ask(publication.path, "credit_summary")
    except data.NotInPublicationError:
        ui.nothing(
            publication,
            NEEDS,
            "This publication has no `marts.credit_scores`: the sources of credit are loaded, and scores show here once"
            " the credit models are built and published.",
        )
        return
    if summary.rows.empty:
        ui.nothing(
            publication, NEEDS, "No customer has a credit score: fewer than 50 defaults are known to learn from."
        )
        return
    ui.cards(figures(publication, summary))
    st.caption("The policy recommends. Declines and whatever is unclear go to a person, who decides.")
    scores(publication)
    policy(publication)
    fairness(publication)


def figures(publication: Publication, summary: Result) -> list[Card]:
    """The cards."""
    told = summary.one()
    return [
        Card("Customers with a score", shown.number(told["n_scored"]), "", ui.meaning(publication, SCORES, "score")),
        Card(
            "Mean probability of default",
            shown.share(told["pd_mean"]),
            shown.between(shown.share(told["pd_mean_lower"]), shown.share(told["pd_mean_upper"])),
            ui.meaning(publication, SCORES, "pd"),
        ),
        Card(
            "Recommended to approve",
            shown.number(told["n_approve"]),
            f"{shown.share(told['n_approve'] / told['n_scored'], 0)} of them",
            ui.meaning(publication, "credit_decisions", "recommendation"),
        ),
        Card(
            "For a person to decide",
            shown.number(told["n_refer"] + told["n_decline"]),
            "",
            ui.meaning(publication, "credit_decisions", "human_decision"),
        ),
    ]


def scores(publication: Publication) -> None:
    """Distribution, bands, reasons, and how good the scorecard is."""
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Customers by score",
            ui.asked(publication, "credit_distribution"),
            distribution,
            about=ui.meaning(publication, SCORES, "score"),
            publication=publication,
        )
        ui.panel(
            "What costs most points",
            ui.asked(publication, "credit_reasons"),
            reasons,
            about=ui.meaning(publication, "credit_score_reasons", "points_lost"),
            publication=publication,
        )
    with right:
        ui.panel(
            "Probability of default by band",
            ui.asked(publication, "credit_bands"),
            lambda rows: intervals(rows, "band", "pd_mean", "Mean probability of default", "Band"),
            about=ui.meaning(publication, SCORES, "band"),
            publication=publication,
        )
        ui.panel(
            "How well defaults are told apart (Gini)",
            ui.asked(publication, "credit_versions"),
            lambda rows: intervals(
                rows.rename(columns={"value_lower": "gini_lower", "value_upper": "gini_upper", "value": "gini"}),
                "algorithm", "gini", "Gini on the newest backtest", None, pattern=".2f",
            ),
            about=ui.meaning(publication, "credit_challengers", "value"),
            publication=publication,
        )  # fmt: skip


def policy(publication: Publication) -> None:
    """Recommendations with their rules, and offers with what they would cost."""
    money = publication.currency
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Recommendations",
            ui.asked(publication, "credit_recommendations"),
            lambda rows: ui.table(
                publication, rows, "credit_decisions",
                {
                    "recommendation": ui.text("Recommended"), "rule": ui.text("Rule that decided"),
                    "n_customers": ui.figure("Customers"),
                },
            ),
            about=ui.meaning(publication, "credit_decisions", "rule"),
            publication=publication,
        )  # fmt: skip
    with right:
        ui.panel(
            "Offers and expected loss",
            ui.asked(publication, "credit_offers"),
            lambda rows: ui.table(
                publication, rows.round({"credit_limit_mean": 0, "expected_loss": 0, "expected_margin": 0}),
                "credit_offers",
                {
                    "product": ui.text("Product"), "n_customers": ui.figure("Customers"),
                    "credit_limit_mean": ui.amount("Mean limit", money), "apr_from": ui.part("APR from"),
                    "apr_to": ui.part("APR to"), "expected_loss": ui.amount("Expected loss", money),
                    "expected_loss_share": ui.part("of limits"), "expected_margin": ui.amount("Expected margin", money),
                },
            ),
            about=ui.meaning(publication, "credit_offers", "expected_loss"),
            publication=publication,
            empty="No approved customer fits a product.",
        )  # fmt: skip


def fairness(publication: Publication) -> None:
    """How recommendations fall on groups; no model reads this."""
    every = ui.asked(publication, "credit_fairness")
    if every is None or every.rows.empty:
        return
    attributes = list(dict.fromkeys(every.rows["protected_attribute"]))
    with st.columns([1, 3])[0]:
        attribute = state.one_of("attribute", "Fairness by", attributes)
    found = ui.asked(publication, "credit_fairness", attribute=attribute)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Approval rate by group",
            found,
            lambda rows: intervals(rows, "group_value", "approval_rate", "Recommended to approve", None),
            about=ui.meaning(publication, "fairness_credit", "approval_rate"),
            publication=publication,
        )
    with right:
        ui.panel(
            "Adverse impact and defaults",
            found,
            lambda rows: groups(publication, rows),
            about=ui.meaning(publication, "fairness_credit", "adverse_impact_ratio"),
            publication=publication,
            key="groups",
        )


def distribution(rows: pd.DataFrame) -> None:
    """Customers by score, bands told apart."""
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("score_from:Q", bin="binned", title="Score", axis=alt.Axis(format="d", tickCount=10)),
            x2="score_to:Q",
            y=alt.Y("n_customers:Q", title="Customers", axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color("band:N", title="Band", legend=alt.Legend(orient="top")),
            tooltip=[
                alt.Tooltip("score_from:Q", title="From"),
                alt.Tooltip("band:N", title="Band"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
                alt.Tooltip("pd_mean:Q", title="Mean probability of default", format=".1%"),
            ],
        )
    )
    ui.vega(bars, alt_text="Customers by score")


def reasons(rows: pd.DataFrame) -> None:
    """The characteristics that stand first among the reasons."""
    bars = (
        alt.Chart(rows.assign(what=rows["characteristic"].map(shown.words)))
        .mark_bar(color=ui.accent(), cornerRadiusEnd=2, height=14)
        .encode(
            y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
            x=alt.X("n_customers:Q", title="Customers", axis=alt.Axis(format="~s", tickCount=5)),
            tooltip=[
                alt.Tooltip("what:N", title="Characteristic"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
                alt.Tooltip("points_lost_mean:Q", title="Points lost, mean", format=".1f"),
            ],
        )
    )
    ui.vega(bars, height=28 * len(rows) + 60, alt_text="What costs most points")


def intervals(
    rows: pd.DataFrame, by: str, column: str, title: str, by_title: str | None, *, pattern: str = ".0%"
) -> None:
    """An estimate per group with its interval."""
    tips = [
        alt.Tooltip(f"{by}:N", title=by_title or shown.words(by)),
        alt.Tooltip(f"{column}:Q", title=title, format=".1%" if pattern.endswith("%") else pattern),
        alt.Tooltip(f"{column}_lower:Q", title="Lower bound", format=".1%" if pattern.endswith("%") else pattern),
        alt.Tooltip(f"{column}_upper:Q", title="Upper bound", format=".1%" if pattern.endswith("%") else pattern),
    ]
    base = alt.Chart().encode(y=alt.Y(f"{by}:N", sort=None, title=by_title, axis=alt.Axis(labelOverlap=False)))
    bounds = base.mark_rule(color=ui.accent(), strokeWidth=2, opacity=0.6).encode(
        x=alt.X(f"{column}_lower:Q", title=title, axis=alt.Axis(format=pattern, tickCount=5), scale={"zero": True}),
        x2=f"{column}_upper:Q",
        tooltip=tips,
    )
    points = base.mark_point(color=ui.accent(), filled=True, size=80).encode(x=f"{column}:Q", tooltip=tips)
    ui.vega(alt.layer(bounds, points, data=rows), height=max(40 * len(rows) + 60, 140), alt_text=f"{title} by group")


def groups(publication: Publication, rows: pd.DataFrame) -> None:
    """Groups as a table; those that are too small to judge say so."""
    ui.table(
        publication,
        rows.round({name: 2 for name in rows if name.startswith("adverse_impact_ratio")}),
        "fairness_credit",
        {
            "group_value": ui.text("Group"), "n_customers": ui.figure("Customers"),
            "is_large_enough": ui.Column("Large enough", "tick"), "compared_with": ui.text("Beside"),
            "adverse_impact_ratio": ui.figure("Impact ratio"), "adverse_impact_ratio_lower": ui.figure("from"),
            "adverse_impact_ratio_upper": ui.figure("to"), "expected_default_rate": ui.part("Defaults expected"),
            "default_rate": ui.part("Defaults seen"),
        },
    )  # fmt: skip
