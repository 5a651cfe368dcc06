"""Credit: scores, what is expected to be lost, offers, reasons and fairness; for who decides on risk."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import data, features, shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result

NEEDS = ("loans", "repayments", "bank_transactions")
SCORES = "credit_scores"
MODELS = ("credit",)
# From blue, the safest, to orange, told apart by people with any kind of colour blindness.
BANDS = {"A": "#0072b2", "B": "#56b4e9", "C": "#009e73", "D": "#e69f00", "E": "#d55e00"}
RECOMMENDATIONS = {"approve": "#009e73", "refer": "#e69f00", "decline": "#d55e00"}
FOUR_FIFTHS = 0.8  # of the approval rate of the group approved most often: below, adverse impact is presumed
# What a group's ratio and its interval say, and their colour.
BELOW, ESTIMATED = "below four fifths", "estimated below four fifths"
TOUCHES, ABOVE = "may be below four fifths", "above four fifths"
REFERENCE, TOO_SMALL = "compared with", "too few to judge"
VERDICTS = {
    BELOW: "#d55e00", ESTIMATED: "#e69f00", TOUCHES: "#56b4e9", ABOVE: "#009e73", REFERENCE: "#0072b2",
    TOO_SMALL: "#8c8c8c",
}  # fmt: skip


def page(publication: Publication) -> None:
    """Show it, or what is missing."""
    ui.head("Credit", "What credit can customers carry, and what would be lost?", publication, models=MODELS)
    try:
        summary = ui.ask(publication, "credit_summary")
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
    ui.cards(publication, figures(publication, summary), summary, models=MODELS)
    days, late = (
        data.setting(publication.path, name, otherwise)
        for name, otherwise in (("credit_default_horizon_days", "365"), ("credit_default_days_past_due", "90"))
    )
    st.caption(
        "The policy recommends. Declines and whatever is unclear go to a person, who decides. A default is an"
        f" instalment {late} days overdue, within {days} days; bounds of its probability hold for at least 90 % of"
        " groups of like customers, and those of a mean are means of them."
    )
    scores(publication)
    policy(publication)
    fairness(publication)


def figures(publication: Publication, summary: Result) -> list[Card]:
    """The cards."""
    told = summary.one()
    return [
        Card(
            "Customers with a score",
            shown.number(told["n_scored"]),
            [f"{shown.number(told['score_mean'])} points on average"],
            ui.meaning(publication, "credit_summary", "n_scored"),
        ),
        Card(
            "Mean probability of default",
            shown.share(told["pd_mean"]),
            [shown.between(shown.share(told["pd_mean_lower"]), shown.share(told["pd_mean_upper"]))],
            ui.meaning(publication, "credit_summary", "pd_mean"),
        ),
        Card(
            "Recommended to approve",
            shown.number(told["n_approve"]),
            [f"{shown.share(told['approve_share'], 0)} of them"],
            ui.meaning(publication, "credit_summary", "n_approve"),
        ),
        Card(
            "For a person to decide",
            shown.number(told["n_for_human"]),
            [f"{shown.number(told['n_human_decided'])} of earlier days decided so far"],
            ui.meaning(publication, "credit_summary", "n_for_human"),
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
            about=ui.meaning(publication, "credit_score_distribution"),
            publication=publication,
            models=MODELS,
        )
    with right:
        ui.panel(
            "Probability of default by band",
            ui.asked(publication, "credit_bands"),
            by_band,
            about=ui.meaning(publication, "credit_band_summary"),
            publication=publication,
            models=MODELS,
        )
    left, right = st.columns(2)
    with left:
        ui.panel(
            "What costs most points",
            ui.asked(publication, "credit_reasons"),
            reasons,
            about=ui.meaning(publication, "credit_reason_summary"),
            publication=publication,
            models=MODELS,
        )
    with right:
        ui.panel(
            "Recommendations and the rule behind each",
            ui.asked(publication, "credit_recommendations"),
            recommendations,
            about=ui.meaning(publication, "credit_recommendation_summary"),
            publication=publication,
            models=MODELS,
        )


def policy(publication: Publication) -> None:
    """Offers with what they would cost, and how well defaults are told apart."""
    left, right = st.columns([7, 3])
    with left:
        ui.panel(
            "Offers and expected loss",
            ui.asked(publication, "credit_offers"),
            lambda rows: offers(publication, rows),
            about=ui.meaning(publication, "credit_offer_summary"),
            publication=publication,
            models=MODELS,
            empty="No approved customer fits a product.",
        )
    with right:
        ui.panel(
            "How well defaults are told apart",
            ui.asked(publication, "credit_versions"),
            gini,
            about=ui.meaning(publication, "credit_challengers"),
            publication=publication,
            models=MODELS,
        )


def fairness(publication: Publication) -> None:
    """How recommendations fall on groups; no model reads this."""
    every = ui.asked(publication, "credit_fairness")
    if every is None or every.rows.empty:
        return
    st.subheader("Fairness", anchor=False)
    st.markdown(is_fair(every.rows))
    by_attribute(publication, list(dict.fromkeys(every.rows["protected_attribute"])))


def judged(row: Mapping[Hashable, Any]) -> str:
    """What the interval of a group's adverse impact ratio says beside four fifths."""
    if row["group_value"] == row["compared_with"]:
        return REFERENCE
    lower, upper = row["adverse_impact_ratio_lower"], row["adverse_impact_ratio_upper"]
    if row["adverse_impact_ratio"] == 0 and row["is_large_enough"]:
        return BELOW  # nobody was approved, which leaves a ratio no interval
    if pd.isna(lower) or pd.isna(upper):
        return TOO_SMALL
    if upper < FOUR_FIFTHS:
        return BELOW
    if row["adverse_impact_ratio"] < FOUR_FIFTHS:
        return ESTIMATED
    return TOUCHES if lower < FOUR_FIFTHS else ABOVE


def is_fair(rows: pd.DataFrame) -> str:
    """A sentence: which groups are approved less than four fifths as often as the one approved most, or may be."""
    found: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    # The furthest below first.
    for row in rows.sort_values("adverse_impact_ratio", kind="stable").to_dict("records"):
        ratio = f", {row['adverse_impact_ratio']:.2f}" if pd.notna(row["adverse_impact_ratio"]) else ""
        attribute = shown.words(row["protected_attribute"]).lower()
        found[judged(row)].append(f"*{shown.plain(row['group_value'])}* ({attribute}{ratio})")
    few, of = len(found[TOO_SMALL]), "of the approval rate of the group approved most often"
    told = [
        f"**Below four fifths** {of}: {', '.join(found[BELOW])}." if found[BELOW] else "",
        f"**Estimated below four fifths** {'' if found[BELOW] else f'{of} '}with an interval that reaches them:"
        f" {', '.join(found[ESTIMATED])}."
        if found[ESTIMATED]
        else "",
        "" if found[BELOW] or found[ESTIMATED] else f"No group is estimated below four fifths {of}.",
        f"**May be below** by their interval alone: {', '.join(found[TOUCHES])}." if found[TOUCHES] else "",
        f"{shown.plural(few, 'group')} {'has' if few == 1 else 'have'} too few customers to judge." if few else "",
    ]
    return " ".join(filter(None, told))


@ui.fragment
def by_attribute(publication: Publication, attributes: list[str]) -> None:
    """The groups of one attribute beside each other."""
    with st.columns([1, 3])[0]:
        attribute = state.one_of("attribute", "Groups by", attributes, written=shown.words)
    found = ui.asked(publication, "credit_fairness", attribute=attribute)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Approval rate by group",
            found,
            lambda rows: intervals(rows, "group_value", "approval_rate", "Recommended to approve"),
            about=ui.meaning(publication, "fairness_credit", "approval_rate"),
            publication=publication,
            models=MODELS,
        )
    with right:
        ui.panel(
            "Approval beside the group approved most often",
            found,
            lambda rows: intervals(
                rows,
                "group_value",
                "adverse_impact_ratio",
                "Adverse impact ratio",
                pattern=".2f",
                mark=FOUR_FIFTHS,
            ),
            about=ui.meaning(publication, "fairness_credit", "adverse_impact_ratio"),
            publication=publication,
            models=MODELS,
        )
    ui.panel(
        "Groups: recommendations and defaults",
        found,
        lambda rows: groups(publication, rows),
        about=ui.meaning(publication, "fairness_credit"),
        publication=publication,
        models=MODELS,
    )


def score_bars(bands: tuple[str, ...]) -> ui.Chart:
    """Customers by score, bands told apart."""
    return (
        alt.Chart()
        .mark_bar()
        .encode(
            x=alt.X("score_from:Q", bin="binned", title="Score", axis=alt.Axis(format="d", tickCount=10)),
            x2="score_to:Q",
            y=alt.Y("n_customers:Q", title="Customers", axis=ui.counts_axis()),
            color=alt.Color(
                "band:N",
                title="Band, A the safest",
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=list(bands), range=[BANDS[band] for band in bands]),
            ),
            tooltip=[
                alt.Tooltip("score_from:Q", title="From"),
                alt.Tooltip("band:N", title="Band"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
                alt.Tooltip("pd_mean:Q", title="Mean probability of default", format=".1%"),
                alt.Tooltip("pd_mean_lower:Q", title="Lower bound", format=".1%"),
                alt.Tooltip("pd_mean_upper:Q", title="Upper bound", format=".1%"),
            ],
        )
    )


def distribution(rows: pd.DataFrame) -> None:
    """Customers by score."""
    bands = tuple(band for band in BANDS if band in set(rows["band"]))
    ui.vega(rows, score_bars, bands, alt_text="Customers by score")
    told_of_empty(set(rows["band"]))


def told_of_empty(bands: set[str]) -> None:
    """Which bands have no customers, where any has none."""
    if missing := [band for band in BANDS if band not in bands]:
        st.caption(f"No customer is in band {' or '.join(missing)}.")


def by_band(rows: pd.DataFrame) -> None:
    """Mean probability of default by band."""
    intervals(rows, "band", "pd_mean", "Mean probability of default", by_title="Band", height=ui.HEIGHT)
    told_of_empty(set(rows["band"]))


def offers(publication: Publication, rows: pd.DataFrame) -> None:
    """Products that could be offered, and what they would cost."""
    money = publication.currency
    ui.table(
        publication,
        rows.round({"credit_limit_mean": 0, "expected_loss": 0, "expected_margin": 0}).assign(
            apr_from=[
                shown.between(shown.share(lower), shown.share(upper))
                for lower, upper in zip(rows["apr_from"], rows["apr_to"], strict=True)
            ]
        ),
        "credit_offer_summary",
        {
            "product": ui.text("Product", width=85), "n_customers": ui.Column("Customers", "number", width=80),
            "expected_loss": ui.Column(f"Expected loss ({money})", "number", width=130),
            "expected_loss_share": ui.Column("of limits", "share", width=65),
            "expected_margin": ui.Column(f"Margin ({money})", "number", width=95),
            "n_profitable": ui.Column("Profitable", "number", width=75),
            "credit_limit_mean": ui.Column(f"Mean limit ({money})", "number", width=115),
            "apr_from": ui.text("APR", width=110),
        },
    )  # fmt: skip
    st.caption(
        "Each row as though all its offers were taken; a customer may fit several products, so that rows have no"
        " total. No bounds of expected loss and margin are on record: they follow the probability of default, whose"
        " bounds stand beside the bands."
    )


def reason_bars(names: tuple[str, ...]) -> ui.Chart:
    """The characteristics that stand first among the reasons."""
    return (
        alt.Chart()
        .mark_bar(color=ui.accent(), cornerRadiusEnd=2, height=14)
        .encode(
            y=alt.Y("what:N", sort=None, title=None, axis=ui.beside(names)),
            x=alt.X("n_first:Q", title="Customers whom it costs most", axis=ui.counts_axis()),
            tooltip=[
                alt.Tooltip("what:N", title="Characteristic"),
                alt.Tooltip("n_first:Q", title="Costs most of all", format=",.0f"),
                alt.Tooltip("n_customers:Q", title="Among the reasons of", format=",.0f"),
                alt.Tooltip("points_lost_mean:Q", title="Points lost, mean", format=".1f"),
            ],
        )
    )


def reasons(rows: pd.DataFrame) -> None:
    """The characteristics that stand first among the reasons."""
    rows = rows.assign(what=rows["characteristic"].map(features.label))
    ui.vega(rows, reason_bars, tuple(rows["what"]), height=28 * len(rows) + 60, alt_text="What costs most points")


def rule_bars(kinds: tuple[str, ...]) -> ui.Chart:
    """Customers by the rule that decided, recommendations told apart."""
    return (
        alt.Chart()
        .mark_bar(cornerRadiusEnd=2, height=14)
        .encode(
            y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
            x=alt.X("n_customers:Q", title="Customers", axis=ui.counts_axis()),
            color=alt.Color(
                "recommendation:N",
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=list(kinds), range=[RECOMMENDATIONS[kind] for kind in kinds]),
            ),
            tooltip=[
                alt.Tooltip("recommendation:N", title="Recommended"),
                alt.Tooltip("what:N", title="Rule"),
                alt.Tooltip("n_customers:Q", title="Customers", format=",.0f"),
                alt.Tooltip("customer_share:Q", title="Of all", format=".1%"),
            ],
        )
    )


def recommendations(rows: pd.DataFrame) -> None:
    """Customers by the rule that decided."""
    rows = rows.assign(what=rows["rule"].map(shown.words))
    kinds = tuple(kind for kind in RECOMMENDATIONS if kind in set(rows["recommendation"]))
    ui.vega(rows, rule_bars, kinds, height=28 * rows["rule"].nunique() + 90, alt_text="Recommendations by rule")


def gini(rows: pd.DataFrame) -> None:
    """The scorecard that scores beside those that do not, on the newest backtest."""
    rows = rows.rename(columns={"value_lower": "gini_lower", "value_upper": "gini_upper", "value": "gini"})
    rows = rows.assign(
        what=rows["algorithm"].map(shown.words) + rows["is_champion"].map({True: " (scores)"}).fillna("")
    )
    intervals(rows, "what", "gini", "Gini", pattern=".2f")


def interval_marks(
    groups_by: tuple[str, str | None, tuple[str, ...]],
    column: str,
    title: str,
    pattern: str,
    mark: float | None,
    verdicts: tuple[str, ...],
) -> ui.Chart:
    """An estimate per group with its interval, beside a mark that it is judged by; coloured by verdicts, if any.

    `groups_by` is the column of groups, its title, and the groups in order: one without an interval would be last.
    """
    by, by_title, order = groups_by
    exact = ".1%" if pattern.endswith("%") else pattern
    tips = [
        alt.Tooltip(f"{by}:N", title=by_title or shown.words(by)),
        alt.Tooltip(f"{column}:Q", title=title, format=exact),
        alt.Tooltip(f"{column}_lower:Q", title="Lower bound", format=exact),
        alt.Tooltip(f"{column}_upper:Q", title="Upper bound", format=exact),
    ]
    base = alt.Chart().encode(y=alt.Y(f"{by}:N", sort=list(order), title=by_title, axis=alt.Axis(labelOverlap=False)))
    if verdicts:
        colours = alt.Scale(domain=list(verdicts), range=[VERDICTS[verdict] for verdict in verdicts])
        legend = alt.Legend(orient="bottom", columns=1, labelLimit=260)
        base = base.encode(color=alt.Color("verdict:N", title=None, scale=colours, legend=legend))
        tips.append(alt.Tooltip("verdict:N", title="Ratio"))
    plain: dict[str, Any] = {} if verdicts else {"color": ui.accent()}
    bounds = base.mark_rule(strokeWidth=2, opacity=0.6, **plain).encode(
        x=alt.X(f"{column}_lower:Q", title=title, axis=alt.Axis(format=pattern, tickCount=5), scale={"zero": True}),
        x2=f"{column}_upper:Q",
        tooltip=tips,
    )
    points = base.mark_point(filled=True, size=80, opacity=1, **plain).encode(x=f"{column}:Q", tooltip=tips)
    layers = [bounds, points]
    if verdicts:
        few = base.transform_filter(alt.datum.verdict == TOO_SMALL)
        layers.append(few.mark_text(align="left", dx=4, fontSize=11).encode(x=alt.value(0), text=alt.value("too few")))
    if mark is None:
        return alt.layer(*layers)
    line = alt.Chart().mark_rule(strokeDash=[4, 4], color=ui.RISK_COLOURS["high"]).encode(x=alt.datum(mark))
    return alt.layer(line, *layers)


def intervals(
    rows: pd.DataFrame,
    by: str,
    column: str,
    title: str,
    *,
    by_title: str | None = None,
    pattern: str = ".0%",
    mark: float | None = None,
    height: int | None = None,
) -> None:
    """An estimate per group with its interval; coloured by its adverse impact ratio where it is compared with one."""
    is_judged = "compared_with" in rows
    if is_judged:
        rows = rows.assign(verdict=[judged(row) for row in rows.to_dict("records")])
    verdicts = tuple(verdict for verdict in VERDICTS if is_judged and verdict in set(rows["verdict"]))
    ui.vega(
        rows[[by, column, f"{column}_lower", f"{column}_upper", *(["verdict"] if is_judged else [])]],
        interval_marks,
        *((by, by_title, tuple(rows[by])), column, title, pattern, mark, verdicts),
        height=height or max(36 * len(rows) + 60 + 24 * len(verdicts), 150),
        alt_text=f"{title} by group",
    )


def groups(publication: Publication, rows: pd.DataFrame) -> None:
    """Groups as a table; those that are too small to judge say so."""
    ui.table(
        publication,
        rows.assign(is_large_enough=rows["is_large_enough"].map({True: "yes", False: "too few"})),
        "fairness_credit",
        {
            "group_value": ui.text("Group"), "n_customers": ui.figure("Customers"),
            "is_large_enough": ui.text("Enough"),
            **ui.bounded("approval_rate", "Approved", "share"),
            "compared_with": ui.text("Beside"),
            **ui.bounded("adverse_impact_ratio", "Impact ratio", "decimal"),
            **ui.bounded("expected_default_rate", "Defaults expected", "share"),
            **ui.bounded("default_rate", "Defaults seen", "share"),
        },
    )  # fmt: skip
