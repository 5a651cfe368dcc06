"""Who may see which pages and columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dashboards import access, components, data
from dashboards.pages import PAGES
from tests.dashboards import opened


def test_roles_decide_which_pages_show() -> None:
    assert "customers" not in access.pages_of(["manager"])
    assert "credit" in access.pages_of(["manager", "risk"])
    assert access.pages_of(["nobody"]) == set()
    every = {page for role in ("analyst", "manager", "risk") for page in access.pages_of([role])}
    assert every == set(PAGES)


def test_a_column_is_hidden_unless_one_of_the_roles_may_see_it() -> None:
    assert access.hidden_from(["manager"]) == {"customer_id"}
    assert access.hidden_from(["manager", "analyst"]) == set()
    assert access.hidden_columns() == set()


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"customers"}))
def test_a_page_is_drawn_without_the_columns_that_may_be_hidden(
    page: str, company: Path, lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "hidden_columns", lambda: access.HIDEABLE)
    app = opened(lender if page == "credit" else company, page, monkeypatch)
    assert [table.value for table in app.dataframe if access.HIDEABLE & set(table.value)] == []
    # Nobody who may not know customers sees single ones without their ids.
    assert not any("moved most" in markdown.value for markdown in app.markdown)


def test_a_column_is_hidden_from_what_the_cards_of_credit_came_from(
    lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[data.Result] = []
    monkeypatch.setattr(components, "cards", lambda _publication, _figures, *results, **_options: held.extend(results))
    monkeypatch.setattr(access, "hidden_columns", lambda: {"snapshot_date"})
    opened(lender, "credit", monkeypatch)
    assert [(result.name, "snapshot_date" in result.rows) for result in held] == [("credit_summary", False)]


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("{pages: [overview], hidden: [custmer_id]}", "role boss: hidden: custmer_id is none of customer_id"),
        ("{pages: [overview], hidden: [n_customers]}", "role boss: hidden: n_customers is none of customer_id"),
        ("{pages: [overveiw]}", "role boss: pages: overveiw is none of campaigns"),
        ("{pages: [customers], hidden: [customer_id]}", "role boss: the page customers cannot be shown"),
    ],
)
def test_a_role_that_names_what_is_not_there_is_refused(role: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"roles.yml: {said}")):
        access.checked_roles(f"boss: {role}")


@pytest.mark.parametrize(
    ("claims", "roles"),
    [({"roles": ["risk"]}, ["risk"]), ({"roles": "risk, analyst"}, ["risk", "analyst"]), ({}, []), ({"roles": 1}, [])],
)
def test_roles_are_read_from_the_token(claims: dict[str, Any], roles: list[str]) -> None:
    assert access.roles_in(claims) == roles
