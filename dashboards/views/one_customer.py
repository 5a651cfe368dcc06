"""One customer: profile, scores with bounds and reasons, what changed, and what the customer did."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import access, data, features, shown, state
from dashboards import components as ui
from dashboards.components import Card
from dashboards.data import Publication

EVENTS = {
    "order": "#0072b2", "return": "#d55e00", "session": "#8c8c8c", "emotion": "#cc79a7", "negative emotion": "#9b2f6f",
}  # fmt: skip
# In the order in which they are told.
PREDICTIONS = {
    "churn": "Leaves within {horizon}",
    "purchase_7d": "Orders within 7 days",
    "purchase_30d": "Orders within 30 days",
    "purchase_90d": "Orders within 90 days",
    "clv_90d": "Value of the next 90 days",
    "clv_365d": "Value of the next 365 days",
}


def page(publication: Publication, customer: str) -> None:
    """Show it."""
    models = ("churn", "clv", "segments", "next_purchase", *(("credit",) if access.may_see("credit") else ()))
    ui.head(f"Customer {shown.plain(customer)}", "", publication, models=models)
    st.button("All customers", icon=":material/arrow_back:", on_click=state.close, args=("customer",), type="tertiary")
    profile = ui.asked(publication, "customer_profile", customer=customer)
    if profile is None:
        return
    if profile.rows.empty:
        st.info(f"No customer is called {shown.plain(customer)} in this publication.", icon=":material/person_off:")
        return
    told = profile.one()
    st.caption(
        f"Churn is looked for within {ui.horizon(publication)}. Bounds of probabilities are meant to hold the rates of"
        " 95 % of groups of like customers, those of values what 90 % of customers spend; value at risk carries both."
    )
    ui.cards(publication, figures(publication, told), profile, models=("churn", "clv", "next_purchase"))
    facts(publication, told)
    forecasts(publication, customer)
    ui.panel(
        "What changed",
        ui.asked(publication, "customer_changes", customer=customer),
        lambda rows: changes(publication, rows),
        about=ui.meaning(publication, "customer_changes"),
        publication=publication,
        models=("churn", "clv", "segments"),
        empty=f"Changes show from the second day that is built: {ui.more_days(publication)}.",
    )
    credit(publication, customer)
    happened(publication, customer)


def forecasts(publication: Publication, customer: str) -> None:
    """What the models expect of the customer, and why."""
    left, right = st.columns(2)
    with left:
        ui.panel(
            "What the models expect",
            ui.asked(publication, "customer_scores", customer=customer),
            lambda rows: scores(publication, rows),
            about=ui.meaning(publication, "predictions"),
            publication=publication,
            models=("churn", "clv", "next_purchase"),
            empty="No model scored this customer.",
        )
    with right:
        ui.panel(
            "Why this churn probability",
            ui.asked(publication, "customer_reasons", customer=customer),
            lambda rows: reasons(publication, rows),
            about=ui.meaning(publication, "customer_churn"),
            publication=publication,
            models=("churn",),
            empty="This customer has no churn probability: nobody can be lost who has not ordered in a year.",
        )


def happened(publication: Publication, customer: str) -> None:
    """What the customer did, and felt as far as a consent covers it."""
    days = data.setting(publication.path, "timeline_days", "180")
    consents = ui.asked(publication, "customer_consents", customer=customer)
    may_feel = None if consents is None else is_running(consents.rows, publication.snapshot_date)
    ui.panel(
        f"The last {days} days",
        ui.asked(publication, "customer_timeline", customer=customer),
        lambda rows: timeline(publication, rows, int(days), may_feel),
        about=ui.meaning(publication, "customer_timeline"),
        needs=["orders", "sessions", "returns"],
        publication=publication,
        empty="Nothing is known of this customer in these days.",
    )


def figures(publication: Publication, told: dict[str, Any]) -> list[Card]:
    """The scores that matter, each with its bounds."""
    money = publication.currency

    def about(column: str) -> str:
        return ui.meaning(publication, "customer_directory", column)

    bounds, in_money = partial(ui.bounds, told), partial(shown.money, currency=money)

    return [
        Card(
            "Churn probability",
            shown.probability(told["churn_probability"]),
            [bounds("churn_probability", shown.probability)],
            about("churn_probability"),
        ),
        Card(
            "Value at risk",
            in_money(told["value_at_risk"]),
            [bounds("value_at_risk", in_money)],
            about("value_at_risk"),
        ),
        Card("Value of 365 days", in_money(told["clv_365d"]), [bounds("clv_365d", in_money)], about("clv_365d")),
        Card(
            "Order within 30 days",
            shown.share(told["p_purchase_30d"]),
            [bounds("p_purchase_30d", shown.share)],
            about("p_purchase_30d"),
        ),
    ]


def facts(publication: Publication, told: dict[str, Any]) -> None:
    """Who the customer is, in short."""
    money = publication.currency

    def plain(name: str) -> str:
        return shown.plain(told[name] or shown.NOTHING)

    lines = {
        "Segment": plain("segment_name"),
        "RFM segment": plain("rfm_segment"),
        "Value tier": plain("value_tier"),
        "Churn risk": plain("risk_level"),
        "What to do": plain("recommended_action"),
        "Country": plain("country"),
        "Kind": plain("customer_type"),
        "Won by": plain("acquisition_channel"),
        "Customer since": shown.day(told["registered_at"]),
        "Orders": shown.number(told["n_orders"]),
        "Spent": shown.money(told["total_spent"], money),
        "Last order": shown.day(told["last_ordered_at"]),
    }
    with st.container(border=True):
        for column, names in zip(st.columns(3), (list(lines)[:5], list(lines)[5:8], list(lines)[8:]), strict=True):
            column.markdown("  \n".join(f"{name}: **{lines[name] or shown.NOTHING}**" for name in names))


def scores(publication: Publication, rows: pd.DataFrame) -> None:
    """Forecasts with bounds."""
    money = publication.currency

    def written(row: Any, *columns: str) -> list[str]:
        is_churn = row["prediction_type"] == "churn"
        write = shown.probability if is_churn else shown.share
        if pd.notna(row["value"]):
            write = partial(shown.money, currency=money)
        return shown.alike(write, *(row[column] for column in columns))

    places = {kind: place for place, kind in enumerate(PREDICTIONS)}
    rows = rows.sort_values("prediction_type", key=lambda kinds: kinds.map(places))
    horizon = ui.horizon(publication)
    estimate = rows["probability"].fillna(rows["value"])
    told = pd.DataFrame(
        {
            "forecast": [PREDICTIONS.get(kind, kind).format(horizon=horizon) for kind in rows["prediction_type"]],
            "estimate": [written(row, "estimate")[0] for _, row in rows.assign(estimate=estimate).iterrows()],
            "bounds": [shown.between(*written(row, "lower_bound", "upper_bound")) for _, row in rows.iterrows()],
            "model": rows["model_name"].str.split(".").str[0] + " " + rows["model_version"].str[:7],
        }
    )
    ui.table(
        publication,
        told,
        "predictions",
        {
            "forecast": ui.Column("Forecast", width=155, of="prediction_type"),
            "estimate": ui.Column("Estimate", width=70, of="probability"),
            "bounds": ui.Column("Bounds", width=125, of="lower_bound"),
            "model": ui.Column("Model", of="model_version"),
        },
    )


def reason_bars(lowest: int, highest: int, labels: tuple[str, ...]) -> ui.Chart:
    """What raises and what lowers the risk, on an axis of doublings of the odds."""
    kinds = ["raises the risk", "lowers the risk"]
    halved = f"round(-datum.value / {math.log(2)})"
    written = (
        f"datum.value > -0.1 ? format(exp(datum.value), '.0f') + '×'"
        f" : ({halved} == 1 ? '½' : {halved} == 2 ? '¼' : '1/' + pow(2, {halved})) + '×'"
    )
    doublings = range(lowest, highest + 1, 2 if highest - lowest > 6 else 1)
    return (
        alt.Chart()
        .mark_bar(cornerRadiusEnd=2, height=18)
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=ui.beside(labels)),
            x=alt.X(
                "effect:Q",
                title="Odds of leaving",
                scale=alt.Scale(domain=[lowest * math.log(2), highest * math.log(2)], nice=False),
                axis=alt.Axis(values=[times * math.log(2) for times in doublings], labelExpr=written),
            ),
            color=alt.Color(
                "direction:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=["#d55e00", "#009e73"]),
                legend=alt.Legend(orient="top", columns=1),
            ),
            tooltip=[
                alt.Tooltip("label:N", title="Reason"),
                alt.Tooltip("meaning:N", title="Meaning"),
                alt.Tooltip("value:N", title="Value"),
                alt.Tooltip("odds:Q", title="Odds of leaving, times", format=".2f"),
                alt.Tooltip("effect:Q", title="Effect on the log-odds", format="+.2f"),
            ],
        )
    )


def reasons(publication: Publication, rows: pd.DataFrame) -> None:
    """What raises and what lowers the risk: a sentence for each, and how much."""
    rows = rows.dropna(subset=["reason"])
    if rows.empty:
        st.info("The model gives no reasons for this customer.", icon=":material/info:")
        return
    meanings = ui.asked(publication, "feature_meanings")
    known = pd.DataFrame(columns=["description", "data_type"])
    if meanings is not None:
        known = meanings.rows.set_index("feature")
    kinds = rows["reason"].map(known["data_type"]).fillna("").astype(str)
    rows = rows.assign(
        label=rows["reason"].map(features.label),
        meaning=rows["reason"].map(known["description"]).fillna(""),
        direction=rows["effect"].gt(0).map({True: "raises the risk", False: "lowers the risk"}),
        odds=rows["effect"].map(math.exp),
        value=[
            text if isinstance(text, str) else features.value(name, value, kind, publication.currency)
            for text, name, value, kind in zip(
                rows["reason_text"], rows["reason"], rows["reason_value"], kinds, strict=True
            )
        ],
    )
    lowest, highest = rows["effect"].min() / math.log(2), rows["effect"].max() / math.log(2)
    st.markdown("\n".join(f"- {reason_told(row)}" for row in rows.to_dict("records")))
    st.caption("Each, and what moves together with it, beside an average customer.")
    ui.vega(
        rows, reason_bars, min(math.floor(lowest), 0), max(math.ceil(highest), 0), tuple(rows["label"]),
        height=240, alt_text="Reasons for the churn probability",
    )  # fmt: skip


def reason_told(row: Mapping[Hashable, Any]) -> str:
    """**Orders, 90 days: 3** lowers the risk: odds of leaving × 0.51."""
    value = f": {shown.plain(row['value'])}" if row["value"] else ""
    return f"**{shown.plain(row['label'])}{value}** {row['direction']}: odds of leaving × {row['odds']:.2f}"


def changes(publication: Publication, rows: pd.DataFrame) -> None:
    """The newest scores beside the earlier ones, each with its bounds."""
    figures: dict[str, tuple[str, Callable[..., str]]] = {
        "churn_probability": ("churn probability", shown.probability),
        "clv_365d": ("value of 365 days", partial(shown.money, currency=publication.currency)),
        "value_at_risk": ("value at risk", partial(shown.money, currency=publication.currency)),
    }
    lines = []
    for row in rows.to_dict("records"):
        seen = "published" if row["is_earlier_published"] else "built, never published"
        told = [
            f"{name} {estimate(row, f'earlier_{column}', write)} → **{estimate(row, column, write)}**"
            for column, (name, write) in figures.items()
            if pd.notna(row[column]) or pd.notna(row[f"earlier_{column}"])
        ]
        lines.append(f"- Since **{shown.day(row['earlier_date'])}** ({seen}): {', '.join(told)}; {moved(row)}.")
    st.markdown(shown.dollars("\n".join(lines)))
    if rows["churn_probability"].isna().all():
        st.caption("No churn probability, and so no value at risk: nobody can be lost who has not ordered in a year.")


def moved(row: Mapping[Hashable, Any]) -> str:
    """Whether a customer changed segment, under the names that readers saw."""
    then, now = (
        "none" if pd.isna(row[name]) else f"*{shown.plain(row[name])}*"
        for name in ("earlier_segment_name", "segment_name")
    )
    if then == now:
        return f"stayed in {now}" if now != "none" else "in no segment"
    if pd.notna(row["has_changed_segment"]) and not row["has_changed_segment"]:
        return f"stayed in {now} (called {then} then)"
    return f"moved from {then} to {now}"


def estimate(row: Mapping[Hashable, Any], column: str, write: Callable[..., str]) -> str:
    """An estimate of a row with its bounds; none where nobody made one."""
    if pd.isna(row[column]):
        return "none"
    return shown.with_bounds(*shown.alike(write, row[column], row[f"{column}_lower"], row[f"{column}_upper"]))


def credit(publication: Publication, customer: str) -> None:
    """The credit score and what is recommended, for those who may see the page on credit."""
    if not access.may_see("credit"):
        return
    left, right = st.columns(2)
    score = ui.asked(publication, "customer_credit", customer=customer)
    is_scored = score is not None and not score.rows.empty
    with left:
        ui.panel(
            "Credit",
            score,
            lambda rows: decided(publication, rows),
            about=ui.meaning(publication, "credit_scores"),
            needs=["loans", "repayments", "bank_transactions"],
            publication=publication,
            models=("credit",),
            empty="This customer has no credit score: nothing financial is known.",
        )
    with right:
        ui.panel(
            "What cost credit points",
            ui.asked(publication, "customer_credit_reasons", customer=customer),
            lambda rows: points_lost(publication, rows),
            about=ui.meaning(publication, "credit_score_reasons"),
            publication=publication,
            models=("credit",),
            empty="Nothing cost this customer points."
            if is_scored
            else "There is no score, and so no reasons for one.",
        )


def points_lost(publication: Publication, rows: pd.DataFrame) -> None:
    """What cost points of the credit score, and the interval of the scorecard that it falls into."""
    intervals = [
        features.interval(name, label, publication.currency)
        for name, label in zip(rows["characteristic"], rows["label"], strict=True)
    ]
    ui.table(
        publication, rows.assign(label=intervals), "credit_score_reasons",
        {
            "points_lost": ui.Column("Points lost", "number", width=80), "reason": ui.text("Reason", width=230),
            "label": ui.text("Falls into", width=130),
        },
        wraps=True, most=5,
    )  # fmt: skip


def decided(publication: Publication, rows: pd.DataFrame) -> None:
    """Score, probability of default with its bounds, and the recommendation."""
    told = {name: None if pd.isna(value) else value for name, value in rows.iloc[0].items()}
    band = f" (band {told['band']}: {told['band_meaning']})" if told["band"] else ""
    lines = {
        "Score": f"{shown.number(told['score'])}{band}",
        "Probability of default": shown.with_bounds(
            *(shown.share(told[name]) for name in ("pd", "pd_lower", "pd_upper"))
        ),
        "Recommended": shown.plain(told["recommendation"]),
        "Why": shown.plain(told["reasons"] or told["rule"] or "no rule speaks against it"),
        "Instalment that fits the income": (
            "not known, as the income is not"
            if told["income_monthly"] is None
            else shown.money(told["affordable_instalment"], publication.currency)
        ),
        "Decided by a person": by_a_person(told),
    }
    st.markdown(shown.dollars("  \n".join(f"{name}: **{value or shown.NOTHING}**" for name, value in lines.items())))


def by_a_person(told: dict[str, object]) -> str:
    """The last decision of a person with the day it is about: people decide after the day, so never on the newest."""
    if told["human_decision"] is None:
        return "no decision on record"
    return (
        f"{shown.plain(told['human_decision'])} on {shown.day(told['human_decided_at'])},"
        f" on what was recommended for {shown.day(told['human_decided_of'])}"
    )


def event_points(kinds: tuple[str, ...], counts: tuple[int, ...], first: date, last: date) -> ui.Chart:
    """What happened, by day and kind, on an axis of all the days that were looked at; sizes as `counts` in a legend."""
    ends = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in (first, last)]
    legend = alt.Legend(
        title="in a day", orient="top", format="d", values=list(counts), symbolFillColor=EVENTS["session"],
        symbolStrokeColor=EVENTS["session"],
    )  # fmt: skip
    return (
        alt.Chart()
        .mark_circle(opacity=0.85)
        .encode(
            x=alt.X("event_date:T", title=None, axis=ui.days_axis(), scale=alt.Scale(domain=ends)),
            y=alt.Y("event_type:N", title=None, sort=list(kinds)),
            size=alt.Size(
                "n_events:Q",
                legend=legend if len(counts) > 1 else None,
                scale=alt.Scale(domain=[1, max(counts[-1], 2)], range=[120, 500]),
            ),
            color=alt.Color(
                "event_type:N", legend=None, scale=alt.Scale(domain=list(kinds), range=[EVENTS[kind] for kind in kinds])
            ),
            tooltip=[
                alt.Tooltip("event_date:T", title="Day", format="%-d %b %Y"),
                alt.Tooltip("event_type:N", title="What"),
                alt.Tooltip("n_events:N", title="How many"),
                alt.Tooltip("told:N", title="Amount"),
            ],
        )
    )


def is_running(consents: pd.DataFrame, snapshot: date | None) -> bool:
    """Whether any of the consents covers the day that was scored."""
    day = pd.Timestamp(snapshot) if snapshot else pd.Timestamp.max
    return bool(((consents["valid_from"] < day) & (consents["valid_to"].isna() | (consents["valid_to"] >= day))).any())


def timeline(publication: Publication, rows: pd.DataFrame, days: int, may_feel: bool | None) -> None:
    """What happened, by day; where no feelings show, whether a consent to show them is on record (None: not known)."""
    rows = rows.assign(
        amount=rows["amount"].astype(float),
        told=[shown.exact_money(amount, publication.currency) for amount in rows["amount"]],
    )
    newest = publication.snapshot_date or rows["event_date"].max().date()
    kinds = tuple(kind for kind in EVENTS if kind in set(rows["event_type"]))
    numbers = sorted({int(count) for count in rows["n_events"]})
    counts = tuple(dict.fromkeys((numbers[0], numbers[len(numbers) // 2], numbers[-1])))
    height = 60 * len(kinds) + 40 + (40 if len(counts) > 1 else 0)
    ui.vega(
        rows, event_points, kinds, counts, newest - timedelta(days=days), newest,
        height=height, alt_text="What the customer did, by day",
    )  # fmt: skip
    # Without a consent the same is said whether there would be any or not.
    if may_feel is not None and not any("emotion" in kind for kind in kinds):
        st.caption(
            "A consent to emotion analytics is on record; nothing that was recorded under it shows in these days."
            if may_feel
            else "No consent to emotion analytics is on record, so that nothing shows of how this customer feels."
        )
