"""The tables of the page on models and data."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown
from dashboards.data import Publication


def versions(publication: Publication, rows: pd.DataFrame) -> None:
    """The champions."""
    ui.table(
        publication, rows, "model_registry",
        {
            "model_name": ui.text("Model"), "model_version": ui.text("Version"), "algorithm": ui.text("Algorithm"),
            "fitted_for": ui.when("Fitted for"), "learnt_to": ui.when("Learnt to"), "n_rows": ui.figure("Rows"),
            "fit_reason": ui.text("Why"),
        },
    )  # fmt: skip


def quality(publication: Publication, rows: pd.DataFrame) -> None:
    """The newest measurement of each model and horizon."""
    ui.table(
        publication, rows, "model_performance",
        {
            "model_name": ui.text("Model"), "horizon": ui.figure("Days ahead"), "period": ui.when("Forecast from"),
            "n": ui.figure("Customers"), "auc": ui.decimal("AUC"), "ece": ui.part("Calibration error"),
            "gini": ui.decimal("Gini"), "bias": ui.part("Bias"), "bounds_coverage": ui.part("Within bounds"),
            "silhouette": ui.decimal("Silhouette"),
        },
    )  # fmt: skip


def not_passed(publication: Publication, rows: pd.DataFrame) -> None:
    """Checks to look at."""
    ui.table(
        publication, rows, "check_results",
        {
            "status": ui.text("Status", width=70), "check_type": ui.text("Kind", width=90), "asset_name": ui.text("Of"),
            "message": ui.text("What"), "check_name": ui.text("Check"),
        },
    )  # fmt: skip
    # A cell shows the beginning of a message.
    with st.expander("In full"):
        for row in rows.to_dict("records"):
            st.markdown(f"**{row['status']}: {shown.plain(row['check_name'])}**  \n{shown.plain(row['message'])}")


def freshness(publication: Publication, rows: pd.DataFrame) -> None:
    """Sources: what has landed, and how new it is."""
    ui.table(
        publication, rows, "source_status",
        {
            "entity": ui.text("Source"), "is_loaded": ui.Column("Loaded", "tick"), "rows_landed": ui.figure("Rows"),
            "rows_corrected": ui.figure("Corrected"), "rows_refused": ui.figure("Refused"),
            "newest_event_at": ui.when("Newest event"), "landed_at": ui.when("Last load"),
            "description": ui.text("What it is"),
        },
    )  # fmt: skip


def published(publication: Publication, rows: pd.DataFrame) -> None:
    """What readers saw."""
    ui.table(
        publication, rows.assign(megabytes=(rows["bytes"].astype(float) / 1e6).round(1)), "publications",
        {
            "published_at": ui.Column("At (UTC)", "moment"),
            "version": ui.text("Version"), "action": ui.text("What"), "snapshot_date": ui.when("Snapshot"),
            "n_rows": ui.figure("Rows"), "megabytes": ui.Column("MB", "number", of="bytes"),
            "n_warnings": ui.figure("Warnings"), "code_version": ui.text("Code"),
        },
    )  # fmt: skip


def counted(publication: Publication, rows: pd.DataFrame) -> None:
    """Rows by table."""
    ui.table(
        publication, rows, "column_docs",
        {
            "table_schema": ui.Column("Schema", of="schema_name"),
            "table_name": ui.text("Table"),
            "n_rows": ui.Column("Rows", "number", about="Rows of the table in the published file."),
            "n_columns": ui.Column("Columns", "number", about="Columns of the table in the published file."),
        },
    )  # fmt: skip


def steps(publication: Publication, rows: pd.DataFrame) -> None:
    """What the last runs did."""
    ui.table(
        publication,
        rows.assign(gigabytes=(rows["peak_memory_bytes"] / 1e9).round(2), seconds=rows["seconds"].round(1)),
        "ops_runs",
        {
            "started_at": ui.Column("Start (UTC)", "moment"), "job": ui.text("Job"), "asset_name": ui.text("Step"),
            "status": ui.text("Status"), "seconds": ui.figure("Seconds"),
            "gigabytes": ui.Column("Memory (GB)", "decimal", of="peak_memory_bytes"),
            "message": ui.text("What was done"),
        },
    )  # fmt: skip
