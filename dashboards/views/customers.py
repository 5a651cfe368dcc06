"""Customers: a list that the database searches, filters, sorts and cuts into pages; and one customer at a time."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO

import streamlit as st

from dashboards import access, data, shown, state
from dashboards import components as ui
from dashboards.data import Publication
from dashboards.views import one_customer

SIZE = 50
MODELS = ("churn", "clv", "segments")
FILTERS = ("search", "sort", "risk", "segment", "tier", "country", "page")
# What a list can be sorted by; a customer's id settles ties, so that no page repeats a row.
# The address has the key, readers the words, the database the order.
ORDERS = {
    "at-risk": ("value at risk", "value_at_risk desc nulls last, customer_id"),
    "at-risk-up": ("value at risk, lowest first", "value_at_risk asc nulls last, customer_id"),
    "churn": ("churn probability", "churn_probability desc nulls last, customer_id"),
    "churn-up": ("churn probability, lowest first", "churn_probability asc nulls last, customer_id"),
    "churn-rise": ("rise of churn", "churn_probability_change desc nulls last, customer_id"),
    "value": ("expected value", "clv_365d desc nulls last, customer_id"),
    "value-up": ("expected value, lowest first", "clv_365d asc nulls last, customer_id"),
    "spent": ("spent so far", "total_spent desc nulls last, customer_id"),
    "spent-up": ("spent so far, least first", "total_spent asc nulls last, customer_id"),
    "orders": ("orders", "n_orders desc nulls last, customer_id"),
    "orders-up": ("orders, fewest first", "n_orders asc nulls last, customer_id"),
    "last-order": ("last order, newest first", "last_ordered_at desc nulls last, customer_id"),
    "last-order-up": ("last order, oldest first", "last_ordered_at asc nulls last, customer_id"),
    "customer": ("customer", "customer_id"),
    "customer-down": ("customer, last first", "customer_id desc"),
}
# What a click on the head of a column sorts by, and a second one.
BY_HEAD = {
    "customer_id": ("customer", "customer-down"),
    "churn_probability": ("churn", "churn-up"),
    "value_at_risk": ("at-risk", "at-risk-up"),
    "clv_365d": ("value", "value-up"),
    "total_spent": ("spent", "spent-up"),
    "n_orders": ("orders", "orders-up"),
    "recency_days": ("last-order", "last-order-up"),
}


RISE = "churn-rise"


def earlier_day(publication: Publication) -> date | None:
    """The day whose scores those of single customers are compared with; None where there is none."""
    found = ui.asked(publication, "customers_compared")
    return None if found is None or found.rows.empty else found.one()["earlier_date"]


def filters(publication: Publication, earlier: date | None) -> tuple[dict[str, str | None], str]:
    """What the list is narrowed to, and what it is sorted by."""
    segments = ui.asked(publication, "segment_names")
    countries = ui.asked(publication, "customers_countries")
    cells = [*ui.in_a_row("search", 2), *ui.in_a_row("filters", 4)]
    with cells[0]:
        search = state.words("search", "Customer", placeholder="an id, or a part of it")
    with cells[1]:
        orders = [key for key in ORDERS if earlier is not None or key != RISE]
        order = state.one_of("sort", "Sort by", orders, written=lambda key: ORDERS[key][0])
    with cells[2]:
        risk = state.choice("risk", "Churn risk", ["high", "medium", "low"])
    with cells[3]:
        segment = state.choice("segment", "Segment", [] if segments is None else list(segments.rows["segment_name"]))
    with cells[4]:
        tier = state.choice("tier", "Value tier", ["high", "medium", "low"])
    with cells[5]:
        country = state.choice("country", "Country", [] if countries is None else list(countries.rows["country"]))
    return {"search": search, "risk": risk, "segment": segment, "tier": tier, "country": country}, order


def everything(publication: Publication, narrowed: dict[str, str | None], hidden: set[str]) -> BytesIO:
    """All customers whom the filters leave, as CSV: with the day, the publication and the models of each score."""
    chunks = data.in_chunks(publication.path, "customers_export", publication=publication.version, **narrowed)
    return ui.csv_file(rows.drop(columns=[*hidden & set(rows)]) for rows in chunks)


@ui.fragment
def listed(publication: Publication) -> None:
    """The list, with what it is narrowed to."""
    earlier = earlier_day(publication)
    narrowed, order = filters(publication, earlier)
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
        number = state.page_number(pages)
    start = (number - 1) * SIZE
    rows = ui.asked(publication, "customers_list", order=ORDERS[order][1], size=SIZE, start=start, **narrowed)
    if rows is None:
        return
    counted.caption(
        f"**{shown.plural(found, 'customer')}**, {shown.number(start + 1)} to {shown.number(start + len(rows.rows))}"
        f" · page {number:,} of {pages:,}"
    )
    table(publication, rows, order, earlier)
    st.download_button(
        f"{'All ' if found > 1 else ''}{shown.plural(found, 'customer')} as CSV",
        partial(everything, publication, narrowed, access.hidden_columns()),
        file_name=f"customers_{publication.version}.csv", mime="text/csv", key="all-customers",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip
    ui.source(publication, rows, count, models=MODELS, key="list")
    if state.open_one("customer"):
        st.rerun()


def table(publication: Publication, rows: data.Result, order: str, earlier: date | None) -> None:
    """One page: a click on a row opens the customer, one on a head sorts all customers by it.

    The words of a table would sort and search these rows alone; style of app.py takes both from what lies in this box.
    """
    money = publication.currency
    seen = rows.rows.round({"recency_days": 0, "total_spent": 0}).assign(
        churn_probability=ui.estimates(rows.rows, "churn_probability", partial(shown.probability, digits=0)),
        value_at_risk=ui.estimates(rows.rows, "value_at_risk", shown.short),
        clv_365d=ui.estimates(rows.rows, "clv_365d", shown.short),
    )
    rise = ui.Column(f"Rise since {shown.day(earlier)} (points) ↓", "share change")
    columns = {
        "customer_id": ui.text("Customer"),
        **{
            name: ui.Column(label, "estimate", about=ui.meaning_with_bounds(publication, "customer_directory", name))
            for name, label in (
                ("churn_probability", "Churn probability"),
                ("value_at_risk", f"Value at risk ({money})"),
                ("clv_365d", f"Value of 365 days ({money})"),
            )
        },
        **({"churn_probability_change": rise} if order == RISE else {}),
        "segment_name": ui.text("Segment", width=180),
        "risk_level": ui.Column("Risk", width=70, about=ui.risk_levels(publication)),
        "recommended_action": ui.text("What to do", width=95),
        "total_spent": ui.amount("Spent", money),
        "n_orders": ui.figure("Orders"),
        "recency_days": ui.figure("Days since order"),
        "country": ui.text("Country"),
    }
    for name, (first, second) in BY_HEAD.items():
        if order in (first, second):
            is_down = " desc" in ORDERS[order][1]
            if name == "recency_days":  # the newer the order, the fewer days
                is_down = not is_down
            columns[name] = replace(columns[name], label=f"{columns[name].label} {'↓' if is_down else '↑'}")
    # A head or a cell that was clicked stays marked in a table of the same name, and takes no second click.
    key = f"list-{rows.params.get('start')}-{order}-{st.session_state.get('turns', 0)}-{state.times_arrived()}"
    with st.container(key="customer-list", gap="xsmall"):
        ui.table(
            publication,
            seen,
            "customer_directory",
            columns,
            key=key,
            on_select=partial(clicked, key, list(rows.rows["customer_id"])),
            selection_mode=["single-cell", "single-column"],
            most=15,
        )


def clicked(key: str, customers: list[str]) -> None:
    """Open the customer of the cell that was clicked, or sort all customers by the head that was."""
    selection = st.session_state[key].selection
    if selection.cells:
        state.leave_for("customer", str(customers[selection.cells[0][0]]), FILTERS)
    elif selection.columns and selection.columns[0] in BY_HEAD:
        first, second = BY_HEAD[selection.columns[0]]
        state.choose("sort", second if st.session_state.get("sort") == first else first)
        st.session_state["turns"] = st.session_state.get("turns", 0) + 1


def page(publication: Publication) -> None:
    """Show the list, or the customer that the address names."""
    customer = state.open_one("customer")
    if customer:
        one_customer.page(publication, customer)
    else:
        ui.head(
            "Customers",
            "Find customers. A click on a row opens the customer, a click on the head of a column sorts all of them.",
            publication,
            models=MODELS,
        )
        listed(publication)
