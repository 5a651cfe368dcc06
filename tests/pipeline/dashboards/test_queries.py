"""Every query of every page fits the published file, runs as it is downloaded, and is documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from clientele.contract import PROJECT_ROOT
from dashboards import components, data
from dashboards.pages import PAGES
from tests.dashboards import WITHIN_S, a_campaign, asked, credit_of_one, opened


def pages_with_filters(home: Path) -> list[tuple[str, dict[str, str]]]:
    """Every page as it opens, and those with filters with each of them set."""
    ((customer, segment, risk, tier, country, channel),) = asked(
        home,
        """select customer_id, segment_name, risk_level, value_tier, country,
            (select min(channel) from marts.channel_summary where channel <> 'all')
        from marts.customer_directory
        where value_at_risk > 0 and country is not null order by value_at_risk desc limit 1""",
    )
    campaign, ran_on, _name = a_campaign(home)
    filtered = {"segment": segment, "risk": risk, "tier": tier, "country": country, "search": "0"}
    return [
        *((page, {}) for page in PAGES),
        ("overview", {"segment": segment}), ("customers", filtered), ("customers", {"search": "o'c%--"}),
        ("customers", {"customer": customer}), ("campaigns", {"channel": channel}),
        ("campaigns", {"channel": ran_on, "period": "all", "campaign": campaign}),
        ("value", {"show": "revenue"}),
    ]  # fmt: skip


def test_every_query_of_every_page_runs_bare_as_it_is_downloaded(
    company: Path, lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results: list[data.Result] = []
    ask = data.ask

    def kept(path: str, name: str, **given: Any) -> data.Result:
        results.append(ask(path, name, **given))
        return results[-1]

    monkeypatch.setattr(data, "ask", kept)
    data._definitions.clear()
    seen = set()
    for home, pages in ((company, pages_with_filters(company)), (lender, [("credit", {})])):
        results.clear()
        for page, address in pages:
            opened(home, page, monkeypatch, **address)
        if home == lender:
            ((customer,),) = asked(lender, "select min(customer_id) from marts.credit_scores")
            AppTest.from_string(credit_of_one(customer), default_timeout=WITHIN_S).run()
        with duckdb.connect() as connection:
            connection.execute(f"attach '{data.current_path(home)}' as published (read_only)")
            connection.execute("use published")
            for name, question in {(result.name, result.question) for result in results}:
                rows = next(result.rows for result in results if (result.name, result.question) == (name, question))
                found = data._numpy(connection.execute(question).df())
                pd.testing.assert_frame_equal(found, rows, obj=name)
                seen.add(name)
    # The last is asked when it is downloaded; see the test of what is exported.
    assert {path.stem for path in data.QUERIES.glob("*.sql")} - seen == {"customers_export"}


@pytest.mark.parametrize(
    "value", ["o'connor", "'; drop table t; --", "\\'", "$segment", "a\nb", 'say "x"', "-- '", "%_"]
)
def test_whatever_is_searched_for_stays_a_text_in_the_query(value: str) -> None:
    sql = "-- No $comment.\nselect $search as found, '$kept' as kept, $missing as missing, $search = $search as is_same"
    question = data.Result("any", sql, {"search": value}, pd.DataFrame()).question
    with duckdb.connect() as connection:
        assert len(duckdb.extract_statements(question)) == 1
        assert connection.execute(question).fetchall() == [(value, "$kept", None, True)]


def test_every_card_and_panel_has_a_definition_in_plain_words(
    company: Path, lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is shown, for whoever reads no SQL: no names of columns, settings or seeds, and no null."""
    told: dict[tuple[str, str], str] = {}
    panel, cards, configured = components.panel, components.cards, components.Column.configured

    def watched_panel(title: str, *given: Any, **options: Any) -> None:
        told["panel", title] = options.get("about", "")
        panel(title, *given, **options)

    def watched_cards(publication: data.Publication, figures: Any, *given: Any, **options: Any) -> None:
        told.update({("card", card.label): card.about for card in figures})
        cards(publication, figures, *given, **options)

    def watched_column(column: components.Column, about: str) -> Any:
        told["column", f"{column.label}: {about}"] = about
        return configured(column, about)

    monkeypatch.setattr(components, "panel", watched_panel)
    monkeypatch.setattr(components, "cards", watched_cards)
    monkeypatch.setattr(components.Column, "configured", watched_column)
    for page, address in pages_with_filters(company):
        opened(company, page, monkeypatch, **address)
    opened(lender, "credit", monkeypatch)
    for model, measure in (("clv", "gini"), ("clv", "bias"), ("churn.non_contractual", "ece")):
        opened(company, "models", monkeypatch, model=model, measure=measure)
    assert len([kind for kind, _ in told if kind != "column"]) > 50
    assert [what for what, about in told.items() if not about.strip()] == []
    internal = re.compile(r"`|\b\w+_\w+\b|\bnull\b|\bvars?\b|\bseeds?\b", re.IGNORECASE)
    assert {what: found for what, about in told.items() if (found := internal.findall(about))} == {}


def test_every_definition_that_a_page_asks_for_is_there(built_company: Path) -> None:
    code = "".join(path.read_text() for path in (PROJECT_ROOT / "dashboards" / "views").glob("*.py"))
    told = set(re.findall(r'ui\.meaning\(\s*publication,\s*"(\w+)",\s*"(\w+)"', code))
    tables = set(re.findall(r'ui\.meaning\(\s*publication,\s*"(\w+)"\s*\)', code))
    assert len(told) > 10
    assert len(tables) > 15
    described = set(asked(built_company, "select table_name, column_name from governance.column_docs"))
    assert told - described == set()
    defined = asked(
        built_company, "select distinct table_name from governance.column_docs where table_definition <> ''"
    )
    assert tables - {table for (table,) in defined} == set()


def test_every_column_of_every_table_has_its_definition(
    company: Path, lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, bool] = {}
    configured = components.Column.configured

    def watched(column: components.Column, about: str) -> Any:
        told[column.label] = bool(about) and told.get(column.label, True)
        return configured(column, about)

    monkeypatch.setattr(components.Column, "configured", watched)
    for page, address in pages_with_filters(company):
        opened(company, page, monkeypatch, **address)
    opened(lender, "credit", monkeypatch)
    assert len(told) > 50
    assert [label for label, has_definition in told.items() if not has_definition] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in data.QUERIES.glob("*.sql")))
def test_every_query_fits_the_published_tables(name: str, built_company: Path) -> None:
    sql = data.sql_of(name)
    with duckdb.connect(data.current_path(built_company), read_only=True) as connection:
        given = {parameter: {"size": 5, "start": 0}.get(parameter) for parameter in data.parameters_of(sql)}
        columns = [column[0] for column in connection.execute(sql, given).description or []]
    assert columns
    assert sql.startswith("-- ")
