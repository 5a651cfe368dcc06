"""Customers: a list that the database searches, filters, sorts and cuts into pages; and one customer at a time."""

from __future__ import annotations

import math
from functools import partial

import streamlit as st

from dashboards import components as ui
from dashboards import shown, state
from dashboards.data import Publication
from dashboards.views import one_customer

SIZE = 50
MODELS = ("churn", "clv", "segments")
# What a list can be sorted by; a customer's id settles ties, so that no page repeats a row.
ORDERS = {
    "value at risk": "value_at_risk desc nulls last, customer_id",
    "churn probability": "churn_probability desc nulls last, customer_id",
    "rise of churn": "churn_probability_change desc nulls last, customer_id",
    "expected value": "clv_365d desc nulls last, customer_id",
    "spent so far": "total_spent desc nulls last, customer_id",
    "last order, newest first": "last_ordered_at desc nulls last, customer_id",
    "last order, oldest first": "last_ordered_at asc nulls last, customer_id",
    "customer": "customer_id",
}


def filters(publication: Publication) -> dict[str, str | None]:
    """What the list is narrowed to."""
    segments = ui.asked(publication, "segment_names")
    countries = ui.asked(publication, "customers_countries")
    cells = ui.in_a_row("filters", 6)
    with cells[0]:
        search = state.words("search", "Customer", placeholder="part of an id")
    with cells[1]:
        risk = state.choice("risk", "Churn risk", ["high", "medium", "low"])
    with cells[2]:
        segment = state.choice("segment", "Segment", [] if segments is None else list(segments.rows["segment_name"]))
    with cells[3]:
        tier = state.choice("tier", "Value tier", ["high", "medium", "low"])
    with cells[4]:
        country = state.choice("country", "Country", [] if countries is None else list(countries.rows["country"]))
    with cells[5]:
        st.session_state.setdefault("sort", next(iter(ORDERS)))
        state.one_of("sort", "Sort by", list(ORDERS))
    return {"search": search, "risk": risk, "segment": segment, "tier": tier, "country": country}


@ui.fragment
def listed(publication: Publication) -> None:
    """The list, with what it is narrowed to."""
    narrowed = filters(publication)
    count = ui.asked(publication, "customers_count", **narrowed)
    if count is None:
        return
    found = int(count.one()["n_customers"])
    if not found:
        ui.nothing(publication, ["customers"], "No customer fits these filters: take one of them away.")
        return
    pages = math.ceil(found / SIZE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        counted = st.empty()
        number = min(state.page_number("page", pages), pages)
    order = ORDERS.get(st.session_state.get("sort", ""), ORDERS["value at risk"])
    rows = ui.asked(publication, "customers_list", order=order, size=SIZE, start=(number - 1) * SIZE, **narrowed)
    if rows is None:
        return
    first = (number - 1) * SIZE + 1
    counted.caption(
        f"**{shown.plural(found, 'customer')}**, {shown.number(first)} to {shown.number(first + len(rows.rows) - 1)}"
        f" · page {number:,} of {pages:,}"
    )
    money = publication.currency
    seen = rows.rows.round({"recency_days": 0, "total_spent": 0}).assign(
        churn_probability=ui.estimates(rows.rows, "churn_probability", partial(shown.share, digits=0)),
        value_at_risk=ui.estimates(rows.rows, "value_at_risk", shown.short),
        clv_365d=ui.estimates(rows.rows, "clv_365d", shown.short),
    )
    marked = ui.table(
        publication,
        seen,
        "customer_directory",
        {
            "customer_id": ui.text("Customer"),
            "segment_name": ui.text("Segment", width=180),
            "risk_level": ui.text("Risk", width=70),
            "churn_probability": ui.estimate("Churn probability"),
            "value_at_risk": ui.estimate("Value at risk", money),
            "clv_365d": ui.estimate("Value of 365 days", money),
            "recommended_action": ui.text("What to do", width=95),
            "total_spent": ui.amount("Spent", money),
            "n_orders": ui.figure("Orders"),
            "recency_days": ui.figure("Days since order"),
            "country": ui.text("Country"),
        },
        key=f"list-{number}",
        on_select="rerun",
        selection_mode="single-row",
        height=ui.ROW * 16 + 3 if len(seen) > ui.MOST_ROWS else "auto",
    )
    ui.source(publication, rows, count, models=MODELS, key="list")
    if marked and marked.selection.rows:
        state.open_it("customer", str(seen["customer_id"].iloc[marked.selection.rows[0]]))
        st.rerun()


def page(publication: Publication) -> None:
    """Show the list, or the customer that the address names."""
    customer = state.open_one("customer")
    if customer:
        one_customer.page(publication, customer)
    else:
        ui.head("Customers", "Find customers, and open one by marking its row.", publication, models=MODELS)
        listed(publication)
