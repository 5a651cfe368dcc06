"""Every page of the dashboards, without a browser: over the demo company, over nothing, and over older files."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from clientele.contract import PROJECT_ROOT
from clientele.publishing.versions import Published
from dashboards import access, components, data, shown
from dashboards.app import PAGES
from tests.published import publish_without_rows

WITHIN_S = 120
logging.getLogger("streamlit").setLevel(logging.ERROR)
EARLIER = "(select * from (values ('previous', 1), ('month', 30)) as earlier(compared_with, days))"
# As though nobody had moved much since.
DAYS_BEFORE = (
    f"""insert into marts.customer_health_overview
    select health.* replace (snapshot_date - days as snapshot_date)
    from marts.customer_health_overview as health, {EARLIER}""",
    f"""insert into marts.customer_changes by name
    select customer_id, compared_with, snapshot_date, snapshot_date - days as earlier_date, churn_probability,
        churn_probability * 0.9 as earlier_churn_probability, clv_365d, clv_365d as earlier_clv_365d, value_at_risk,
        value_at_risk * 0.9 as earlier_value_at_risk, value_at_risk * 0.1 as value_at_risk_change,
        segment_id, segment_name, segment_id as earlier_segment_id, segment_name as earlier_segment_name,
        false as has_changed_segment
    from marts.customer_risk_scores, {EARLIER}""",
    """insert into marts.segment_flows by name
    select compared_with, snapshot_date, earlier_date, earlier_segment_id, earlier_segment_name, segment_id,
        segment_name, count(*) as n_customers, 1 as earlier_segment_share
    from marts.customer_changes group by all""",
)


def opened(home: Path, name: str, monkeypatch: pytest.MonkeyPatch, **address: str) -> AppTest:
    """A page over the publication of a home, as an address opens it."""
    monkeypatch.setenv("CLIENTELE_HOME", str(home))
    monkeypatch.setattr(components, "CHECKED", True)
    app = AppTest.from_string(f"from dashboards.app import show\nshow({name!r})", default_timeout=WITHIN_S)
    for parameter, value in address.items():
        app.query_params[parameter] = value
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def asked(home: Path, sql: str) -> Any:
    with duckdb.connect(data.current_path(home), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def company(built_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy: pages keep their file open with settings of their own, which DuckDB allows one of in a process.

    The company was built for one day; here it also has the days before, so that there is something to compare with.
    """
    home = tmp_path_factory.mktemp("company")
    shutil.copytree(built_company / "published", home / "published", symlinks=True)
    path = Path(data.current_path(home))
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        for statement in DAYS_BEFORE:
            connection.execute(statement)
    return home


@pytest.fixture(scope="module")
def empty(built_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("empty")
    publish_without_rows(Path(data.current_path(built_company)), home, "2026-01-01-0001")
    return home


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_the_demo_company(page: str, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, page, monkeypatch)
    assert len(app.title) == 1
    # Which state of the tables it is, on every page.
    assert Published(company).current() in app.caption[0].value
    if page != "credit":  # a small company has too few defaults for a scorecard
        assert app.metric or app.dataframe
        # The demo company has every source and some days: nothing is empty.
        assert [info.value for info in app.info] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_is_missing_where_nothing_is(
    page: str, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(empty, page, monkeypatch)
    assert len(app.title) == 1
    assert app.info
    assert "nan" not in " ".join(figures(app).values()).lower()


def test_figures_are_those_of_the_file(built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown_figures = figures(opened(company, "overview", monkeypatch))
    ((customers, leaving, at_risk),) = asked(
        built_company,
        "select count(*), sum(churn_probability), sum(value_at_risk) from marts.customer_directory",
    )
    assert shown_figures["Customers"] == shown.number(customers)
    assert shown_figures["Expected to leave"] == shown.number(leaving)
    assert shown_figures["Value at risk"] == shown.money(at_risk, "EUR")


def test_a_filter_in_the_address_filters_and_bounds_are_shown(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((segment, size),) = asked(
        built_company, "select segment_name, n_customers from marts.segments order by n_customers desc limit 1"
    )
    app = opened(company, "overview", monkeypatch, segment=segment)
    assert figures(app)["Customers"] == shown.number(size)
    assert next(metric.delta for metric in app.metric if metric.label == "Expected to leave").count(" to ") == 1
    app = opened(company, "customers", monkeypatch, segment=segment)
    assert shown.plural(size, "customer") in " ".join(caption.value for caption in app.caption)


def test_a_list_is_sorted_and_cut_by_the_database(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(company, "customers", monkeypatch, sort="spent so far", page="2")
    expected = asked(
        built_company,
        "select customer_id from marts.customer_directory"
        " order by total_spent desc nulls last, customer_id limit 50 offset 50",
    )
    assert list(app.dataframe[0].value["customer_id"]) == [customer for (customer,) in expected]


def test_one_customer_has_a_page(built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((customer, probability),) = asked(
        built_company,
        "select customer_id, churn_probability from marts.customer_directory"
        " where churn_probability is not null order by value_at_risk desc limit 1",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    assert customer in app.title[0].value
    assert figures(app)["Churn probability"] == shown.share(probability)
    unknown = opened(company, "customers", monkeypatch, customer="nobody")
    assert "nobody" in unknown.info[0].value


def test_a_publication_and_a_rollback_show_at_once(
    built_company: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty / "published", home / "published", symlinks=True)
    app = opened(home, "overview", monkeypatch)
    assert "Customers" not in figures(app)
    shutil.copytree(
        Path(data.current_path(built_company)).parent, home / "published" / "2026-01-01-0002", symlinks=True
    )
    Published(home).switch_to("2026-01-01-0002")
    assert "Customers" in figures(app.run())
    Published(home).switch_to("2026-01-01-0001")
    assert "Customers" not in figures(app.run())


def test_without_a_publication_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(tmp_path, "overview", monkeypatch)
    assert app.title[0].value == "Nothing is published yet"
    assert "make run" in app.markdown[0].value


def test_a_file_that_is_older_than_the_dashboards_is_read_as_far_as_it_goes(
    built_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "published" / "2026-01-01-0001"
    folder.mkdir(parents=True)
    shutil.copyfile(data.current_path(built_company), folder / "clientele.duckdb")
    with duckdb.connect(str(folder / "clientele.duckdb")) as connection:
        for table in ("marts.customer_health_overview", "marts.segment_flows", "governance.column_docs"):
            connection.execute(f"drop table {table}")
    Published(tmp_path).switch_to("2026-01-01-0001")
    assert "`customer_health_overview`" in opened(tmp_path, "overview", monkeypatch).info[0].value
    assert figures(opened(tmp_path, "segments", monkeypatch))["Segments"] != "0"


@pytest.mark.parametrize("name", sorted(path.stem for path in data.QUERIES.glob("*.sql")))
def test_every_query_fits_the_published_tables(name: str, built_company: Path) -> None:
    sql = data.sql_of(name)
    with duckdb.connect(data.current_path(built_company), read_only=True) as connection:
        tables = {table for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        if name.startswith("credit_") and "credit_scores" not in tables:
            # The page says so, which test_every_page_says_what_is_missing_where_nothing_is looks at.
            assert not list((PROJECT_ROOT / "dbt_project/models/marts").glob("credit/credit_scores.sql"))
            return
        given = {parameter: {"size": 5, "start": 0}.get(parameter) for parameter in data.parameters_of(sql)}
        columns = [column[0] for column in connection.execute(sql, given).description or []]
    assert columns
    assert sql.startswith("-- ")


def test_roles_decide_which_pages_show() -> None:
    assert "customers" not in access.pages_of(["manager"])
    assert "credit" in access.pages_of(["manager", "risk"])
    assert access.pages_of(["nobody"]) == set()
    every = {page for role in ("analyst", "manager", "risk") for page in access.pages_of([role])}
    assert every == set(PAGES)


def test_a_column_is_hidden_unless_one_of_the_roles_may_see_it(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert access.hidden_from(["manager"]) == {"customer_id"}
    assert access.hidden_from(["manager", "analyst"]) == set()
    assert access.hidden_columns() == set()
    monkeypatch.setattr(access, "hidden_columns", lambda: access.hidden_from(["manager"]))
    movers = opened(company, "overview", monkeypatch).dataframe[0].value
    assert len(movers)
    assert "customer_id" not in movers


@pytest.mark.parametrize(
    ("claims", "roles"),
    [({"roles": ["risk"]}, ["risk"]), ({"roles": "risk, analyst"}, ["risk", "analyst"]), ({}, []), ({"roles": 1}, [])],
)
def test_roles_are_read_from_the_token(claims: dict[str, Any], roles: list[str]) -> None:
    assert access.roles_in(claims) == roles


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (shown.number, 12345.6, "12,346"), (shown.number, None, "–"), (shown.short, 1234567, "1.23 M"),
        (shown.short, 9999, "9,999"), (shown.share, 0.1234, "12.3 %"), (shown.share, float("nan"), "–"),
        (shown.points, 0.012, "+1.2 points"),
    ],
)  # fmt: skip
def test_figures_are_short_and_have_their_unit(write: Callable[[Any], str], value: Any, text: str) -> None:
    assert write(value) == text
    assert shown.money(-1234567, "GBP") == "-£ 1.23 M"
    assert shown.money(5, "CHF") == "CHF 5"
