"""Models and data: whether forecasts come true, whether data changed, how fresh they are, and what was published."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication, Result
from dashboards.views import model_tables

# What tells how good a model is, by what it forecasts: column, title, format.
MEASURES = {
    "auc": ("AUC", ".2f"),
    "ece": ("Calibration error", ".1%"),
    "bounds_coverage": ("Outcomes within bounds", ".0%"),
    "gini": ("Gini of realised value", ".2f"),
    "bias": ("Bias of summed value", "+.0%"),
    "silhouette": ("Silhouette", ".2f"),
}
WORST = 25
# What was measured when a version was fitted, and what its scores turned out to be worth.
BACKTEST, LIVE = "backtest at fit", "live, once outcomes were known"


def performance_lines(measure: str, has_legend: bool, has_live: bool) -> ui.Chart:
    """One measure by the day that was forecast from."""
    title, pattern = MEASURES[measure]
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=260) if has_legend else None
    measured = None
    if has_live:
        measured = alt.Legend(
            orient="bottom", columns=1, labelLimit=260, symbolFillColor=ui.accent(), symbolStrokeColor=ui.accent()
        )
    kinds = [BACKTEST, LIVE]
    return (
        alt.Chart()
        .mark_line(point={"size": 60})
        .encode(
            x=alt.X("period:T", title="Forecast from", axis=alt.Axis(format="%b %Y", tickCount=5)),
            y=alt.Y(f"{measure}:Q", title=title, scale={"zero": False}, axis=alt.Axis(format=pattern, tickCount=5)),
            color=alt.Color("forecast:N", title=None, legend=legend),
            # One day of outcomes is a point without a line: told apart by its shape as well.
            strokeDash=alt.StrokeDash(
                "measured:N",
                legend=None,
                scale=alt.Scale(domain=kinds, range=[[1, 0], [4, 3]]),
            ),
            shape=alt.Shape(
                "measured:N",
                title=None,
                legend=measured,
                scale=alt.Scale(domain=kinds, range=["circle", "diamond"]),
            ),
            tooltip=[
                alt.Tooltip("forecast:N", title="Forecast"),
                alt.Tooltip("measured:N", title="Measured"),
                alt.Tooltip("period:T", title="From", format="%-d %b %Y"),
                alt.Tooltip(f"{measure}:Q", title=title, format=pattern),
                alt.Tooltip("n:Q", title="Customers", format=",.0f"),
                alt.Tooltip("base_rate:Q", title="Outcome", format=".1%"),
                alt.Tooltip("model_version:N", title="Version"),
                alt.Tooltip("protocol:N", title="Protocol"),
            ],
        )
    )


def performance(rows: pd.DataFrame, live: pd.DataFrame, measure: str) -> None:
    """One measure by the day that was forecast from: backtests, and scores on record once outcomes were known."""
    columns = ["model_name", "horizon", "period", measure, "n", "base_rate", "model_version", "protocol", "measured"]
    if not rows["horizon"].notna().any():  # a model of one horizon does not name it
        live = live.assign(horizon=float("nan"))
    parts = [rows.assign(measured=BACKTEST), live.rename(columns={"scored_on": "period"}).assign(measured=LIVE)]
    told = [part.reindex(columns=columns).astype({"period": "datetime64[us]"}) for part in parts if measure in part]
    rows = pd.concat([part[part[measure].notna()] for part in told if part[measure].notna().any()])
    rows = rows.drop(columns=["model_name", "horizon"]).assign(
        forecast=[
            f"{shown.words(model)}, {horizon:.0f} days" if horizon > 0 else shown.words(model)
            for model, horizon in zip(rows["model_name"], rows["horizon"].fillna(0), strict=True)
        ]
    )
    forecasts, has_live = rows["forecast"].nunique(), bool((rows["measured"] == LIVE).any())
    has_legend = forecasts > 1
    height = 260 + (28 * forecasts if has_legend else 0) + (56 if has_live else 0)
    ui.vega(
        rows, performance_lines, measure, has_legend, has_live,
        height=height, alt_text=f"{MEASURES[measure][0]} over time",
    )  # fmt: skip


def drift_map(worst: tuple[str, ...]) -> ui.Chart:
    """Columns down, days across: how near each is to its threshold, the worst first."""
    return (
        alt.Chart()
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("day:O", title="Snapshot", axis=alt.Axis(labelAngle=-45, labelOverlap=True)),
            y=alt.Y("place:N", sort=list(worst), title=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            color=alt.Color(
                "of_threshold:Q",
                scale=alt.Scale(domain=[0, 1, 3], range=ui.rising(), clamp=True, interpolate="rgb"),
                legend=alt.Legend(
                    title="Of the threshold (1 drifts)",
                    orient="top",
                    gradientLength=160,
                    titleLimit=240,
                    values=[0, 1, 2, 3],
                ),
            ),
            tooltip=[
                alt.Tooltip("place:N", title="Column"),
                alt.Tooltip("day:N", title="Snapshot"),
                alt.Tooltip("measure:N", title="Measure"),
                alt.Tooltip("value:Q", title="Value", format=".3f"),
                alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
                alt.Tooltip("model_version:N", title="Beside what was learnt by"),
            ],
        )
    )


def drift(rows: pd.DataFrame) -> None:
    """Columns down, days across."""
    rows = rows.assign(
        place=rows["compared_table"].str.replace(r"^feat_|^ml_|__scores", "", regex=True) + " · " + rows["column_name"],
        day=pd.to_datetime(rows["snapshot_date"]).dt.strftime("%Y-%m-%d"),
    ).drop(columns=["snapshot_date"])
    # They come the worst first.
    worst = tuple(rows["place"].drop_duplicates().head(WORST))
    rows = rows[rows["place"].isin(worst)]
    ui.vega(rows, drift_map, worst, height=18 * len(worst) + 120, alt_text="Drift by column and day")


def outcome_bars() -> ui.Chart:
    """Checks by kind and outcome."""
    order = ["pass", "warn", "fail", "skipped"]
    return (
        alt.Chart()
        .mark_bar(height=18)
        .encode(
            y=alt.Y("what:N", title=None),
            x=alt.X("n_checks:Q", title="Checks", axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color(
                "status:N",
                sort=order,
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=order, range=["#009e73", "#e69f00", "#d55e00", "#b5bcc4"]),
            ),
            tooltip=["what:N", "status:N", alt.Tooltip("n_checks:Q", title="Checks")],
        )
    )


def outcomes(rows: pd.DataFrame) -> None:
    """Checks by kind."""
    rows = rows[["status", "n_checks"]].assign(what=rows["check_type"].map(shown.words))
    ui.vega(rows, outcome_bars, height=34 * rows["what"].nunique() + 90, alt_text="Checks of the last run")


def page(publication: Publication) -> None:
    """Show it."""
    ui.head(
        "Models and data",
        "Can the figures be trusted today?",
        publication,
        models=("churn", "clv", "next_purchase", "segments", "survival", "credit"),
    )
    sources, champions = ui.asked(publication, "source_status"), ui.asked(publication, "models_champions")
    health = ui.asked(publication, "models_health")
    if health is not None and not health.rows.empty:
        ui.cards(publication, figures(publication, health.one()), health)
    models_in(publication, champions)
    left, right = st.columns([2, 3])
    with left:
        ui.panel(
            "Checks of the last run",
            ui.asked(publication, "models_checks"),
            outcomes,
            about=ui.meaning(publication, "check_results", "check_type"),
            publication=publication,
            empty="No run has made any checks yet: `clientele daily` does.",
        )
    with right:
        ui.panel(
            "What did not pass",
            ui.asked(publication, "models_warnings"),
            lambda rows: model_tables.not_passed(publication, rows),
            about=ui.meaning(publication, "check_results", "status"),
            publication=publication,
            empty="Every check passed.",
        )
    ui.panel(
        "Drift by column and day",
        ui.asked(publication, "models_drift"),
        drift,
        about=ui.meaning(publication, "drift_by_column", "of_threshold"),
        publication=publication,
        empty="No drift was measured yet: the daily run does, once a champion has a reference to compare with.",
    )
    ui.panel(
        "Sources",
        sources,
        lambda rows: model_tables.freshness(publication, rows),
        about=ui.meaning(publication, "source_status", "newest_event_at"),
        publication=publication,
    )
    ui.panel(
        "Publications",
        ui.asked(publication, "models_publications"),
        lambda rows: model_tables.published(publication, rows),
        about=ui.meaning(publication, "publications", "action"),
        publication=publication,
    )
    ui.panel(
        "Rows of the published tables",
        ui.asked(publication, "models_tables"),
        lambda rows: model_tables.counted(publication, rows),
        about="What the published file holds.",
        publication=publication,
    )
    ui.panel(
        "Steps of the last runs",
        ui.asked(publication, "models_runs"),
        lambda rows: model_tables.steps(publication, rows),
        about=ui.meaning(publication, "ops_runs", "asset_name"),
        publication=publication,
        empty="No run is on record: `clientele daily` and `clientele run` write down what they do.",
    )


def figures(publication: Publication, told: dict[str, Any]) -> list[Card]:
    """The cards."""

    def about(column: str) -> str:
        return ui.meaning(publication, "data_health", column)

    others = {"warned": told["n_checks_warned"], "failed": told["n_checks_failed"], "skipped": told["n_checks_skipped"]}
    return [
        Card(
            "Sources loaded",
            f"{shown.number(told['n_sources_loaded'])} of {shown.number(told['n_sources'])}",
            [],
            about("n_sources_loaded"),
        ),
        Card("Newest event", shown.day(told["newest_event_at"]), [], about("newest_event_at")),
        Card(
            "Checks passed",
            shown.number(told["n_checks_passed"]),
            [", ".join(f"{shown.number(count)} {what}" for what, count in others.items() if count)],
            about("n_checks_passed"),
        ),
        Card("Models that score", shown.number(told["n_models"]), [], about("n_models")),
    ]


def models_in(publication: Publication, champions: Result | None) -> None:
    """Performance and calibration over time, of one model."""
    if champions is None:
        return
    if champions.rows.empty:
        st.info(
            "No model scores yet: each needs about a year of orders to learn from and to be measured on.",
            icon=":material/info:",
        )
        return
    of_model(publication, list(dict.fromkeys(champions.rows["model_name"])))
    ui.panel(
        "Versions that score",
        champions,
        lambda rows: model_tables.versions(publication, rows),
        about=ui.meaning(publication, "model_registry", "is_champion"),
        publication=publication,
    )


@ui.fragment
def of_model(publication: Publication, models: list[str]) -> None:
    """How good the forecasts of one model were, by the day that was forecast from."""
    cells = st.columns([1, 1, 2])
    with cells[0]:
        model = state.one_of("model", "Model", models, written=shown.words)
    found = ui.asked(publication, "models_performance", model=model)
    if found is None:
        return
    live = ui.asked(publication, "models_live", model=model)
    judged = pd.DataFrame() if live is None else live.rows
    there = [
        name for name in MEASURES if any(name in rows and rows[name].notna().any() for rows in (found.rows, judged))
    ]
    if not there:
        st.info("This model was not measured yet.", icon=":material/info:")
        return
    with cells[1]:
        measure = state.one_of("measure", "Measure", there, written=lambda name: MEASURES[name][0])
    ui.panel(
        "Out of time: forecasts against what came",
        (found, live) if live is not None else found,
        lambda rows: performance(rows, judged, measure),
        about=ui.meaning(publication, "model_performance", measure),
        publication=publication,
        models=(model,),
    )
