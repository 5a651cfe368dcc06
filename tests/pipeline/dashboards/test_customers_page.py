"""The list of customers: sorted, searched and cut by the database, and downloaded whole."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from clientele.publishing.versions import DATABASE, Published
from dashboards import data
from dashboards.views import customers
from tests.dashboards import WITHIN_S, asked, opened


def test_a_list_is_sorted_and_cut_by_the_database(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(company, "customers", monkeypatch, sort="spent", page="2")
    expected = asked(
        built_company,
        "select customer_id from marts.customer_directory"
        " order by total_spent desc nulls last, customer_id limit 50 offset 50",
    )
    assert list(app.dataframe[0].value["customer_id"]) == [customer for (customer,) in expected]


def test_a_changed_filter_or_order_begins_with_the_first_page(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, "customers", monkeypatch, page="2")
    assert "page 2 of" in " ".join(caption.value for caption in app.caption)
    for key, value in (("risk", "low"), ("sort", "customer")):
        app.session_state["page"] = 2
        app.selectbox(key=key).select(value).run()
        assert "page 1 of" in " ".join(caption.value for caption in app.caption)


def test_the_rise_of_churn_is_shown_and_offered_where_there_is_an_earlier_day(
    company: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(company, "customers", monkeypatch, sort="churn-rise")
    assert "churn_probability_change" in app.dataframe[0].value
    assert "churn_probability_change" not in opened(company, "customers", monkeypatch).dataframe[0].value
    for home, is_offered in ((company, True), (empty, False)):
        app = opened(home, "customers", monkeypatch)
        assert ("rise of churn" in app.selectbox(key="sort").options) == is_offered


def test_what_is_searched_for_is_no_pattern(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((customer,),) = asked(company, "select min(customer_id) from marts.customer_directory")
    for search in ("%", "_", customer[0] + "_"):
        app = opened(company, "customers", monkeypatch, search=search)
        assert app.info[0].value.startswith("No customer fits")
    app = opened(company, "customers", monkeypatch, search=customer.lower())
    assert list(app.dataframe[0].value["customer_id"]) == [customer]


def test_all_customers_that_match_are_exported_with_what_they_came_from(company: Path) -> None:
    publication = data.publication(data.current_path(company))
    ((country,),) = asked(company, "select mode(country) from marts.customer_directory")
    read = partial(customers.everything, publication, {"country": country})
    exported = pd.read_csv(read(set()), dtype=str)
    expected = asked(
        company,
        "select customer_id, scores.churn_probability, churn_model_version from marts.customer_directory"
        f" join marts.customer_risk_scores as scores using (customer_id) where country = '{country}' order by 1",
    )
    exported = exported.sort_values("customer_id")
    assert len(expected) > customers.SIZE
    assert list(exported["customer_id"]) == [customer for customer, *_ in expected]
    assert list(exported["churn_model_version"].fillna("")) == [version or "" for *_, version in expected]
    assert exported["churn_probability"].astype(float).sum() == pytest.approx(sum(p or 0 for _, p, _ in expected))
    assert set(exported["publication"]) == {publication.version}
    assert set(exported["snapshot_date"]) == {str(publication.snapshot_date)}
    assert "customer_id" not in pd.read_csv(read({"customer_id"}))


def test_the_list_is_left_as_it_was_and_takes_nothing_else_from_the_address(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((customer,),) = asked(company, "select min(customer_id) from marts.customer_directory")
    crafted = {"risk": "low", "page": "2", "all-customers": "1", "turns": "abc", "narrowed": "x"}
    monkeypatch.setenv("CLIENTELE_HOME", str(company))
    script = (
        "import streamlit as st\nfrom dashboards import state\nfrom dashboards.app import show\n"
        "from dashboards.views.customers import FILTERS\nif st.session_state.pop('leave', None):\n"
        f"    state.leave_for('customer', {customer!r}, FILTERS)\nshow('customers')"
    )
    app = AppTest.from_string(script, default_timeout=WITHIN_S)
    for name, value in crafted.items():
        app.query_params[name] = value
    app.session_state["leave"] = True
    app.run()
    assert customer in app.title[0].value
    app.button[0].click().run()
    assert [error.value for error in app.exception] == []
    assert app.selectbox(key="risk").value == "low"
    assert "page 2 of" in " ".join(caption.value for caption in app.caption)
    assert "turns" not in app.session_state


def test_a_download_of_a_file_that_lacks_a_table_says_which(built_company: Path, tmp_path: Path) -> None:
    folder = tmp_path / "published" / "2026-01-01-0001"
    folder.mkdir(parents=True)
    shutil.copyfile(data.current_path(built_company), folder / DATABASE)
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute("drop table marts.customer_risk_scores")
    Published(tmp_path).switch_to("2026-01-01-0001")
    publication = data.publication(data.current_path(tmp_path))
    with pytest.raises(data.NotInPublicationError, match="no customer_risk_scores"):
        customers.everything(publication, {}, set())
    gone = replace(publication, path=str(tmp_path / "published" / "gone" / DATABASE))
    with pytest.raises(data.UnreadableError, match="publication gone cannot be read"):
        customers.everything(gone, {}, set())
