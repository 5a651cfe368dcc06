"""Credit: scores, what is expected to be lost, offers, reasons and fairness; for who decides on risk."""

from __future__ import annotations

import streamlit as st

from dashboards import components as ui
from dashboards import data
from dashboards.data import Publication

NEEDS = ("loans", "repayments", "bank_transactions")
TABLE = "marts.credit_scores"


def page(publication: Publication) -> None:
    """Show it, or what is missing."""
    ui.head("Credit", "What credit can customers carry, and what would be lost?", publication, models=("credit",))
    try:
        scores = data.ask(publication.path, "credit_scores")
    except data.NotInPublicationError:
        missing = ui.missing_sources(publication, NEEDS)
        if missing:
            ui.nothing(publication, NEEDS, "")
        else:
            st.info(
                f"This publication has no `{TABLE}`: the sources of credit are loaded, and scores show here once the"
                " credit models are built and published.",
                icon=":material/account_balance:",
            )
        return
    if scores.rows.empty:
        ui.nothing(
            publication, NEEDS, "No customer has a credit score: fewer than 50 defaults are known to learn from."
        )
        return
