"""The tables of the page on models and data."""

from __future__ import annotations

import textwrap

import pandas as pd
import streamlit as st

from dashboards import components as ui
from dashboards import shown
from dashboards.data import Publication

MESSAGE = 105  # characters that fit a cell


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
    # In full below.
    told = [textwrap.shorten(message, MESSAGE, placeholder=" …") for message in rows["message"].fillna("")]
    ui.table(
        publication, rows.assign(message=told), "check_results",
        {
            "status": ui.text("Status", width=55), "message": ui.text("What", width=250),
            "asset_name": ui.text("Of", width=130), "check_name": ui.text("Check", width=170),
        },
        wraps=True, most=5,
    )  # fmt: skip
    with st.expander("In full"):
        for row in rows.to_dict("records"):
            st.markdown(f"**{row['status']}: {shown.plain(row['check_name'])}**  \n{shown.plain(row['message'])}")


def freshness(publication: Publication, rows: pd.DataFrame) -> None:
    """Sources: what has landed, and how new it is."""
    ui.table(
        publication, rows, "source_status",
        {
            "entity": ui.text("Source", width=160), "is_loaded": ui.Column("Loaded", "tick", width=65),
            "newest_event_at": ui.Column("Newest event", "day", width=105),
            "rows_landed": ui.Column("Rows", "number", width=80),
            "rows_refused": ui.Column("Refused", "number", width=70),
            "rows_corrected": ui.Column("Corrected", "number", width=80),
            "landed_at": ui.Column("Last load", "day", width=100),
            "description": ui.text("What it is", width=420),
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
