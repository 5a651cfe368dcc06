"""Customers: a list that the database searches, filters, sorts and cuts into pages; and one customer at a time."""

from __future__ import annotations

import math

import streamlit as st

from dashboards import components as ui
from dashboards import one_customer, shown, state
from dashboards.data import Publication

SIZE = 50
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
    cells = st.columns(6)
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


def listed(publication: Publication) -> None:
    """The list."""
    ui.head(
        "Customers",
        "Find customers, and open one by marking its row.",
        publication,
        models=("churn", "clv", "segments"),
    )
    narrowed = filters(publication)
    count = ui.asked(publication, "customers_count", **narrowed)
    if count is None:
        return
    found = int(count.one()["n_customers"])
    if not found:
        ui.nothing(publication, ["customers"], "No customer fits these filters: take one of them away.")
        return
    pages = math.ceil(found / SIZE)
    number = min(state.page_number("page", pages), pages)
    order = ORDERS.get(st.session_state.get("sort", ""), ORDERS["value at risk"])
    rows = ui.asked(publication, "customers_list", order=order, size=SIZE, start=(number - 1) * SIZE, **narrowed)
    if rows is None:
        return
    first = (number - 1) * SIZE + 1
    st.caption(
        f"**{shown.plural(found, 'customer')}**, {shown.number(first)} to {shown.number(first + len(rows.rows) - 1)}"
        f" · page {number:,} of {pages:,}"
    )
    money = publication.currency
    whole = {name: 0 for name in ("value_at_risk", "value_at_risk_lower", "value_at_risk_upper", "clv_365d", "recency_days")}
    seen = rows.rows.assign(total_spent=rows.rows["total_spent"].astype(float)).round(whole | {"total_spent": 0})
    marked = ui.table(
        publication,
        seen,
        "customer_directory",
        {
            "customer_id": ui.text("Customer"),
            "segment_name": ui.text("Segment", width=220),
            "risk_level": ui.text("Risk", width=70),
            "churn_probability": ui.part("Churn"),
            "churn_probability_lower": ui.part("from"),
            "churn_probability_upper": ui.part("to"),
            "value_at_risk": ui.amount("Value at risk", money),
            "clv_365d": ui.amount("Expected value", money),
            "total_spent": ui.amount("Spent", money),
            "n_orders": ui.figure("Orders"),
            "recency_days": ui.figure("Days since order"),
            "country": ui.text("Country"),
            "recommended_action": ui.text("What to do", width=260),
        },
        key=f"list-{number}",
        on_select="rerun",
        selection_mode="single-row",
        height=38 * min(len(seen), 15) + 40,
    )
    ui.source(rows)
    if marked and marked.selection.rows:
        st.query_params["customer"] = str(seen["customer_id"].iloc[marked.selection.rows[0]])
        st.rerun()


def page() -> None:
    """Show the list, or the customer that the address names."""
    publication: Publication = st.session_state["publication"]
    customer = state.open_one("customer")
    if customer:
        one_customer.page(publication, customer)
    else:
        listed(publication)


page()
