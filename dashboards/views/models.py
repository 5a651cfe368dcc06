"""Models and data: whether forecasts come true, whether data changed, how fresh they are, and what was published."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.components import Card
from dashboards.data import Publication
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


def performance(rows: pd.DataFrame, measure: str) -> None:
    """One measure by the day that was forecast from."""
    title, pattern = MEASURES[measure]
    rows = rows[rows[measure].notna()]
    rows = rows.assign(
        forecast=[
            f"{model}, {horizon:.0f} days" if horizon > 0 else model
            for model, horizon in zip(rows["model_name"], rows["horizon"].fillna(0), strict=True)
        ]
    )
    forecasts = rows["forecast"].nunique()
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=260) if forecasts > 1 else None
    lines = (
        alt.Chart(rows)
        .mark_line(point=True)
        .encode(
            x=alt.X("period:T", title="Forecast from", axis=alt.Axis(format="%b %Y", tickCount=5)),
            y=alt.Y(f"{measure}:Q", title=title, scale={"zero": False}, axis=alt.Axis(format=pattern, tickCount=5)),
            color=alt.Color("forecast:N", title=None, legend=legend),
            tooltip=[
                alt.Tooltip("forecast:N", title="Forecast"),
                alt.Tooltip("period:T", title="From", format="%-d %b %Y"),
                alt.Tooltip(f"{measure}:Q", title=title, format=pattern),
                alt.Tooltip("n:Q", title="Customers", format=",.0f"),
                alt.Tooltip("base_rate:Q", title="Outcome", format=".1%"),
                alt.Tooltip("model_version:N", title="Version"),
                alt.Tooltip("protocol:N", title="Protocol"),
            ],
        )
    )
    ui.vega(lines, height=260 + (28 * forecasts if legend else 0), alt_text=f"{title} over time")


def drift(rows: pd.DataFrame) -> None:
    """Columns down, days across: how near each is to its threshold, the worst first."""
    rows = rows.assign(
        place=rows["subject"].str.replace(r"^feat_|^ml_|__scores", "", regex=True) + " · " + rows["column_name"],
        day=pd.to_datetime(rows["snapshot_date"]).dt.strftime("%Y-%m-%d"),
    )
    worst = rows.groupby("place")["of_threshold"].max().sort_values(ascending=False).head(WORST).index
    rows = rows[rows["place"].isin(worst)]
    cells = (
        alt.Chart(rows)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("day:O", title="Snapshot", axis=alt.Axis(labelAngle=-45, labelOverlap=True)),
            y=alt.Y("place:N", sort=list(worst), title=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            color=alt.Color(
                "of_threshold:Q",
                scale=alt.Scale(
                    domain=[0, 1, 3], range=["#e8f1f8", "#f6c26b", "#b34700"], clamp=True, interpolate="rgb"
                ),
                legend=alt.Legend(
                    title="Of the threshold (1 drifts)", orient="top", gradientLength=160, titleLimit=240
                ),
            ),
            tooltip=[
                alt.Tooltip("place:N", title="Column"),
                alt.Tooltip("day:N", title="Snapshot"),
                alt.Tooltip("measure:N", title="Measure"),
                alt.Tooltip("value:Q", title="Value", format=".3f"),
                alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
            ],
        )
    )
    ui.vega(cells, height=18 * len(worst) + 120, alt_text="Drift by column and day")


def outcomes(rows: pd.DataFrame) -> None:
    """Checks by kind."""
    order = ["pass", "warn", "fail", "skipped"]
    bars = (
        alt.Chart(rows)
        .mark_bar(height=18)
        .encode(
            y=alt.Y("check_type:N", title=None),
            x=alt.X("n_checks:Q", title="Checks", axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color(
                "status:N",
                sort=order,
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=order, range=["#009e73", "#e69f00", "#d55e00", "#b5bcc4"]),
            ),
            tooltip=["check_type:N", "status:N", alt.Tooltip("n_checks:Q", title="Checks")],
        )
    )
    ui.vega(bars, height=34 * rows["check_type"].nunique() + 90, alt_text="Checks of the last run")


def page(publication: Publication) -> None:
    """Show it."""
    ui.head(
        "Models and data",
        "Can the figures be trusted today?",
        publication,
        models=("churn", "clv", "next_purchase", "segments", "survival"),
    )
    sources, champions = ui.asked(publication, "source_status"), ui.asked(publication, "models_champions")
    checks, warnings = ui.asked(publication, "models_checks"), ui.asked(publication, "models_warnings")
    if sources is not None and champions is not None and checks is not None and warnings is not None:
        passed = checks.rows.loc[checks.rows["status"] == "pass", "n_checks"].sum()
        newest = sources.rows["newest_event_at"].max()
        ui.cards(
            [
                Card(
                    "Sources loaded",
                    f"{int(sources.rows['is_loaded'].sum())} of {len(sources.rows)}",
                    "",
                    ui.meaning(publication, "source_status", "is_loaded"),
                ),
                Card(
                    "Newest event", shown.day(newest), "", ui.meaning(publication, "source_status", "newest_event_at")
                ),
                Card(
                    "Checks passed",
                    shown.number(passed),
                    f"{len(warnings.rows)} did not",
                    ui.meaning(publication, "check_results", "status"),
                ),
                Card(
                    "Models that score",
                    shown.number(len(champions.rows)),
                    "",
                    ui.meaning(publication, "model_registry", "is_champion"),
                ),
            ]
        )
    models_in(publication, champions)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Checks of the last run",
            checks,
            outcomes,
            about=ui.meaning(publication, "check_results", "check_type"),
            publication=publication,
        )
        ui.panel(
            "What did not pass",
            warnings,
            lambda rows: model_tables.not_passed(publication, rows),
            publication=publication,
            empty="Every check passed.",
        )
    with right:
        ui.panel(
            "Drift by column and day",
            ui.asked(publication, "models_drift"),
            drift,
            about=ui.meaning(publication, "drift_results", "value"),
            publication=publication,
            empty="No drift was measured yet: the daily run does, once a champion has a reference to compare with.",
        )
    ui.panel("Sources", sources, lambda rows: model_tables.freshness(publication, rows), publication=publication)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Publications",
            ui.asked(publication, "models_publications"),
            lambda rows: model_tables.published(publication, rows),
            publication=publication,
        )
    with right:
        ui.panel(
            "Rows of the published tables",
            ui.asked(publication, "models_tables"),
            lambda rows: model_tables.counted(publication, rows),
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


def models_in(publication: Publication, champions) -> None:  # type: ignore[no-untyped-def]
    """Performance and calibration over time, of one model."""
    if champions is None:
        return
    if champions.rows.empty:
        st.info(
            "No model scores yet: each needs about a year of orders to learn from and to be measured on.",
            icon=":material/info:",
        )
        return
    cells = st.columns([1, 1, 2])
    with cells[0]:
        model = state.one_of("model", "Model", list(champions.rows["model_name"]))
    found = ui.asked(publication, "models_performance", model=model)
    if found is None:
        return
    there = [name for name in MEASURES if found.rows[name].notna().any()]
    if not there:
        st.info("This model was not measured yet.", icon=":material/info:")
        return
    with cells[1]:
        measure = state.one_of("measure", "Measure", there)
    left, right = st.columns(2)
    with left:
        ui.panel(
            "Out of time: forecasts against what came",
            found,
            lambda rows: performance(rows, measure),
            about=ui.meaning(publication, "model_performance", measure),
            publication=publication,
        )
    with right:
        ui.panel(
            "Versions that score",
            champions,
            lambda rows: model_tables.versions(publication, rows),
            publication=publication,
        )
