"""Models and data: whether forecasts come true, whether data changed, how fresh they are, and what was published."""

from __future__ import annotations

import math
import re
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import data, features, shown, state, trust
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
MODELS = ("churn", "clv", "next_purchase", "segments", "survival", "credit")
OUTCOMES = {"pass": "#009e73", "warn": "#e69f00", "fail": "#d55e00", "skipped": "#b5bcc4"}
WORST = 25  # columns of the map of drift
NO_CHECKS = "No run has made any checks yet: `clientele daily` does."
FEW_DAYS = 8  # up to which a cell has room for its number
SHADE_TURNS_AT = (2.7, 0.7)  # over which numbers are light on dark shades, or dark on light ones; by theme
# What was measured when a version was fitted, and what its scores turned out to be worth.
BACKTEST, LIVE = "backtest at fit", "live, once outcomes were known"


def performance_lines(
    measure: str, forecasts: tuple[str, ...], has_live: bool, has_bounds: bool, ends: tuple[float, float]
) -> ui.Chart:
    """One measure by the day that was forecast from, with its bounds where there are any, over its customers."""
    has_legend = len(forecasts) > 1
    title, pattern = MEASURES[measure]
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=260) if has_legend else None
    measured = None
    if has_live:
        measured = alt.Legend(
            orient="bottom", columns=1, labelLimit=260, symbolFillColor=ui.accent(), symbolStrokeColor=ui.accent()
        )
    kinds = [BACKTEST, LIVE]
    tips = [
        alt.Tooltip("forecast:N", title="Forecast"),
        alt.Tooltip("measured:N", title="Measured"),
        alt.Tooltip("period:T", title="From", format="%-d %b %Y"),
        alt.Tooltip(f"{measure}:Q", title=title, format=pattern),
        *(
            alt.Tooltip(f"{bound}:Q", title=f"{bound.capitalize()} bound", format=pattern)
            for bound in ("lower", "upper")
        ),
        alt.Tooltip("n:Q", title="Customers", format=",.0f"),
        alt.Tooltip("base_rate:Q", title="Outcome", format=".1%"),
        alt.Tooltip("model_version:N", title="Version"),
        alt.Tooltip("protocol:N", title="Protocol"),
    ]
    # In the order of their horizons, which is not that of the letters.
    colour = alt.Color("forecast:N", title=None, legend=legend, sort=list(forecasts))
    base = alt.Chart().encode(x=alt.X("period:T", title="Forecast from", axis=ui.days_axis(5, "%b")), color=colour)
    lines = base.mark_line(point={"size": 60}).encode(
        y=alt.Y(
            f"{measure}:Q",
            title=title,
            scale=alt.Scale(domain=list(ends), zero=False),
            axis=alt.Axis(format=pattern, tickCount=5),
        ),
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
        tooltip=tips,
    )
    counts = base.mark_text(align="left", dx=6, dy=-10, fontSize=11).encode(
        y=f"{measure}:Q", text=alt.Text("n:Q", format=",.0f"), tooltip=tips
    )
    if not has_bounds:
        return alt.layer(lines, counts)
    bounds = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y="lower:Q", y2="upper:Q", tooltip=tips)
    return alt.layer(bounds, lines, counts)


def performance(rows: pd.DataFrame, live: pd.DataFrame, measure: str) -> None:
    """One measure by the day that was forecast from: backtests, and scores on record once outcomes were known."""
    bounds = {f"{measure}_lower": "lower", f"{measure}_upper": "upper"}
    columns = [
        "model_name", "horizon", "period", measure, *bounds, "n", "base_rate", "model_version", "protocol", "measured",
    ]  # fmt: skip
    if not rows["horizon"].notna().any():  # a model of one horizon does not name it
        live = live.assign(horizon=float("nan"))
    parts = [rows.assign(measured=BACKTEST), live.rename(columns={"scored_on": "period"}).assign(measured=LIVE)]
    told = [part.reindex(columns=columns).astype({"period": "datetime64[us]"}) for part in parts if measure in part]
    rows = pd.concat([part[part[measure].notna()] for part in told if part[measure].notna().any()])
    rows = rows.rename(columns=bounds).sort_values(["model_name", "horizon", "period"], kind="stable")
    rows = rows.drop(columns=["model_name", "horizon"]).assign(
        forecast=[
            f"{shown.words(model)}, {horizon:.0f} days" if horizon > 0 else shown.words(model)
            for model, horizon in zip(rows["model_name"], rows["horizon"].fillna(0), strict=True)
        ]
    )
    forecasts, has_live = tuple(dict.fromkeys(rows["forecast"])), bool((rows["measured"] == LIVE).any())
    has_bounds = bool(rows["lower"].notna().any())
    height = 260 + (28 * len(forecasts) if len(forecasts) > 1 else 0) + (56 if has_live else 0)
    ui.vega(
        rows, performance_lines, measure, forecasts, has_live, has_bounds, ends(rows[[measure, "lower", "upper"]]),
        height=height, alt_text=f"{MEASURES[measure][0]} over time",
    )  # fmt: skip
    st.caption(
        "Numbers beside the points are customers. "
        + ("Diamonds are scores on record, once their outcomes were known. " if has_live else "")
        + (
            "Bars are bounds of 95 %, of chance among them."
            if has_bounds
            else "Of this measure no bounds are on record: with few customers it moves by chance."
        )
    )


def ends(values: pd.DataFrame) -> tuple[float, float]:
    """Where an axis begins and ends that holds all values and room above them for a number: in tenths of their span."""
    lowest, highest = float(values.min().min()), float(values.max().max())
    step = 10 ** math.floor(math.log10(max(highest - lowest, 0.01)))
    return math.floor(lowest / step) * step, math.ceil((highest + step / 4) / step) * step


def drift_map(worst: tuple[str, ...], has_numbers: bool) -> ui.Chart:
    """Columns down, days across: how near each is to its threshold, the worst first; numbers where there is room."""
    base = alt.Chart().encode(
        x=alt.X("day:O", title="Snapshot compared", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y(
            "place:N",
            sort=list(worst),
            title=None,
            # On a telephone the table stands above its column.
            axis=alt.Axis(
                labelExpr=f"{ui.NARROW} ? split(datum.label, ': ') : datum.label",
                labelLimit=alt.ExprRef(f"{ui.NARROW} ? 175 : 360"),
                labelOffset={"condition": {"test": ui.NARROW, "value": -6}, "value": 0},
                labelOverlap=False,
            ),
        ),
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "of_threshold:Q",
            scale=alt.Scale(domain=[0, 1, 3], range=ui.rising(), clamp=True, interpolate="rgb"),
            legend=alt.Legend(
                title=["Value over threshold:", "from 1 it drifts"],
                orient="top",
                gradientLength=alt.ExprRef(f"{ui.NARROW} ? 120 : 320"),
                values=[0, 1, 2, 3],
                labelExpr="datum.value >= 3 ? '3+' : datum.value",
            ),
        ),
        tooltip=[
            alt.Tooltip("place:N", title="Column"),
            alt.Tooltip("day:N", title="Snapshot"),
            alt.Tooltip("measure:N", title="Measure"),
            alt.Tooltip("value:Q", title="Value", format=".3f"),
            alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
            alt.Tooltip("of_threshold:Q", title="Value over threshold", format=".2f"),
            alt.Tooltip("model_version:N", title="Beside what was learnt by"),
        ],
    )
    if not has_numbers:
        return cells
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text("of_threshold:Q", format=".1f"), color=ui.on_shade("of_threshold", SHADE_TURNS_AT)
    )
    return alt.layer(cells, numbers)


def compared(table: str) -> str:
    """feat_orders is Orders, ml_churn__scores.contractual is Churn scores, contractual."""
    return shown.words(re.sub(r"^(feat|ml)_", "", table).replace("__", " "))


def drift(rows: pd.DataFrame) -> None:
    """Columns down, days across."""
    rows = rows.assign(
        place=features.labels(list(rows["compared_table"].map(compared)), list(rows["column_name"])),
        day=pd.to_datetime(rows["snapshot_date"]).dt.strftime("%Y-%m-%d"),
    ).drop(columns=["snapshot_date"])
    # They come the worst first.
    worst = tuple(rows["place"].drop_duplicates().head(WORST))
    rows = rows[rows["place"].isin(worst)]
    days = sorted(set(rows["day"]))
    ui.vega(
        rows, drift_map, worst, len(days) <= FEW_DAYS,
        height=25 * len(worst) + 130, alt_text="Drift by column and day",
    )  # fmt: skip
    measured = f"on {days[0]}" if len(days) == 1 else f"on {len(days)} days, from {days[0]} to {days[-1]}"
    st.caption(
        f"The {len(worst)} columns furthest off. Drift was measured {measured}: a run compares its newest snapshot, not"
        " the days that it builds on the way. `clientele drift --snapshot-date DAY` looks at another."
    )


def outcome_bars(order: tuple[str, ...]) -> ui.Chart:
    """Checks by kind and outcome; the legend names the outcomes that there are."""
    return (
        alt.Chart()
        .mark_bar(height=18)
        .encode(
            y=alt.Y("what:N", title=None),
            x=alt.X("n_checks:Q", title="Checks", axis=ui.counts_axis()),
            color=alt.Color(
                "status:N",
                sort=list(order),
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=list(order), range=[OUTCOMES[status] for status in order]),
            ),
            tooltip=["what:N", "status:N", alt.Tooltip("n_checks:Q", title="Checks")],
        )
    )


def outcomes(rows: pd.DataFrame) -> None:
    """Checks by kind."""
    rows = rows[["status", "n_checks"]].assign(what=rows["check_type"].map(shown.words))
    there = tuple(status for status in OUTCOMES if status in set(rows["status"]))
    ui.vega(rows, outcome_bars, there, height=34 * rows["what"].nunique() + 90, alt_text="Checks of the last run")


def page(publication: Publication) -> None:
    """Show it."""
    ui.head("Models and data", "Can the figures be trusted today?", publication, models=MODELS, says_if_trusted=False)
    sources, champions = ui.asked(publication, "source_status"), ui.asked(publication, "models_champions")
    health = ui.asked(publication, "models_health")
    if health is not None and not health.rows.empty:
        answer(*trust.verdict(health.one(), publication.published_at))
        ui.cards(publication, figures(publication, health.one()), health)
    models_in(publication, champions)
    checked(publication)
    recorded(publication, sources)


def checked(publication: Publication) -> None:
    """What checks of the last run said, and what drifted."""
    checks = ui.asked(publication, "models_checks")
    left, right = st.columns([2, 3])
    with left:
        ui.panel(
            "Checks of the last run",
            checks,
            outcomes,
            about=ui.meaning(publication, "check_counts"),
            publication=publication,
            empty=NO_CHECKS,
        )
    with right:
        ui.panel(
            "What did not pass",
            ui.asked(publication, "models_warnings"),
            lambda rows: model_tables.not_passed(publication, rows),
            about=ui.meaning(publication, "check_results"),
            publication=publication,
            empty=NO_CHECKS if checks is None or checks.rows.empty else "Every check passed.",
        )
    ui.panel(
        "Drift by column and day",
        ui.asked(publication, "models_drift"),
        drift,
        about=ui.meaning(publication, "drift_by_column"),
        publication=publication,
        models=MODELS,
        empty="No drift was measured yet: the daily run does, once a champion has a reference to compare with.",
    )


def recorded(publication: Publication, sources: Result | None) -> None:
    """What was loaded, published and run."""
    ui.panel(
        "Sources",
        sources,
        lambda rows: model_tables.freshness(publication, rows),
        about=ui.meaning(publication, "source_status"),
        publication=publication,
    )
    if newer := data.newer_versions(publication.path):
        st.info(
            f"Readers were led back to publication `{publication.version}`: {', '.join(f'`{v}`' for v in newer)}"
            f" {'is' if len(newer) == 1 else 'are'} newer, kept, and not what these pages show. The list below was"
            " written into the file before that.",
            icon=":material/undo:",
        )
    ui.panel(
        "Publications",
        ui.asked(publication, "models_publications"),
        lambda rows: model_tables.published(publication, rows),
        about=ui.meaning(publication, "publications"),
        publication=publication,
    )
    ui.panel(
        "Rows of the published tables",
        ui.asked(publication, "models_tables"),
        lambda rows: model_tables.counted(publication, rows),
        about=ui.meaning(publication, "column_docs"),
        publication=publication,
    )
    ui.panel(
        "Steps of the last runs",
        ui.asked(publication, "models_runs"),
        lambda rows: model_tables.steps(publication, rows),
        about=ui.meaning(publication, "ops_runs"),
        publication=publication,
        empty="No run is on record: `clientele daily` and `clientele run` write down what they do.",
    )


def answer(level: str, said: list[str]) -> None:
    """The verdict in a sentence."""
    show, icon = {
        "yes": (st.success, ":material/check_circle:"),
        "with care": (st.warning, ":material/warning:"),
        "no": (st.error, ":material/error:"),
    }[level]
    show(f"**{trust.LEADS[level]}**: {'; '.join(said)}.", icon=icon)


def figures(publication: Publication, told: dict[str, Any]) -> list[Card]:
    """The cards."""

    def about(column: str) -> str:
        return ui.meaning(publication, "data_health", column)

    others = {"warned": told["n_checks_warned"], "failed": told["n_checks_failed"], "skipped": told["n_checks_skipped"]}
    n_checks = told["n_checks_passed"] + sum(others.values())
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
            [
                f"of {shown.number(n_checks)} of the newest run",
                ", ".join(f"{shown.number(count)} {what}" for what, count in others.items() if count),
            ],
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
    quality = ui.asked(publication, "models_quality")
    of_most = [] if quality is None else list(quality.rows["model_name"])  # those of most customers first
    of_model(publication, list(dict.fromkeys([*of_most, *champions.rows["model_name"]])))
    ui.panel(
        "All models, as they were last measured",
        quality,
        lambda rows: model_tables.quality(publication, rows),
        about=ui.meaning(publication, "model_performance"),
        publication=publication,
        models=MODELS,
        empty="No model was measured yet.",
    )
    ui.panel(
        "Versions that score",
        champions,
        lambda rows: model_tables.versions(publication, rows),
        about=ui.meaning(publication, "model_registry"),
        publication=publication,
        models=MODELS,
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
