"""Every page of the dashboards, without a browser: over the demo company, over nothing, and over older files."""

from __future__ import annotations

import io
import json
import logging
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest

from clientele.cli import _sum_up
from clientele.contract import PROJECT_ROOT
from clientele.publishing.versions import DATABASE, Published
from dashboards import access, components, data, shown
from dashboards.app import PAGES
from dashboards.views import credit, customers, models, one_customer, overview, segments
from tests.dashboards import asked, charted, figures, given_a_past, notes
from tests.published import publish_without_rows

WITHIN_S = 120
logging.getLogger("streamlit").setLevel(logging.ERROR)


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


@pytest.fixture(scope="module")
def company(built_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy: pages keep their file open with settings of their own, which DuckDB allows one of in a process.

    The company was built for one day; here it also has the days before, so that there is something to compare with.
    """
    home = tmp_path_factory.mktemp("company")
    shutil.copytree(built_company / "published", home / "published", symlinks=True)
    given_a_past(home)
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
    if page != "credit":  # a small company has too few defaults for a scorecard; see the lender
        assert figures(app) or app.dataframe
        assert app.get("vega_lite_chart") or page == "customers"
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
    app = opened(company, "overview", monkeypatch)
    shown_figures = figures(app)
    ((customers, leaving, at_risk),) = asked(
        built_company,
        "select count(*), sum(churn_probability), sum(value_at_risk) from marts.customer_directory",
    )
    assert shown_figures["Customers"] == shown.number(customers)
    assert shown_figures["Expected to leave"] == shown.number(leaving)
    assert shown_figures["Value at risk"] == shown.money(at_risk, "EUR")
    assert "unchanged since" in notes(app, "Value at risk")


def test_a_filter_in_the_address_filters_and_bounds_are_shown(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((segment, size),) = asked(
        built_company, "select segment_name, n_customers from marts.segments order by n_customers desc limit 1"
    )
    app = opened(company, "overview", monkeypatch, segment=segment)
    assert figures(app)["Customers"] == shown.number(size)
    assert notes(app, "Expected to leave").count(" to ") == 1
    app = opened(company, "customers", monkeypatch, segment=segment)
    assert shown.plural(size, "customer") in " ".join(caption.value for caption in app.caption)


def test_every_score_shows_its_bounds(built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_euros(*bounds: float) -> str:
        return shown.between(*(shown.money(bound, "EUR") for bound in bounds))

    app = opened(company, "value", monkeypatch)
    ((lower, upper),) = asked(built_company, "select sum(clv_365d_lower), sum(clv_365d_upper) from marts.customer_clv")
    assert in_euros(lower, upper) in notes(app, "Expected value of 365 days").replace("\\", "")
    ((lower, upper),) = asked(
        built_company, "select value_at_risk_lower, value_at_risk_upper from marts.value_deciles where decile = 1"
    )
    assert in_euros(lower, upper) in notes(app, "At risk in the best tenth").replace("\\", "")
    movers = opened(company, "overview", monkeypatch).dataframe[0].value
    for column in ("value_at_risk", "churn_probability", "earlier_churn_probability"):
        # As numbers, which a head sorts as such.
        assert (movers[f"{column}_lower"] <= movers[column]).all()
        assert (movers[column] <= movers[f"{column}_upper"]).all()
    ((customer, then, now),) = asked(
        company,
        "select customer_id, earlier_churn_probability_upper, clv_365d_upper from marts.customer_changes"
        " where compared_with = 'previous' order by value_at_risk desc nulls last limit 1",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    (told,) = [element.value for element in app.markdown if "the publication before" in element.value]
    assert f"to {shown.share(then)})" in told
    assert f"to {shown.money(now, 'EUR')})**" in told


@pytest.mark.parametrize(
    ("published", "named"),
    [
        # Days that were built and not published name no model, and are none of another.
        ([], {}),
        ([("02", "a")], {"02": ("a", False)}),
        # The same day told again by another model: days before it were told by the first.
        ([("02", "a"), ("02", "b")], {"02": ("b", True)}),
        ([("01", "a"), ("02", "a"), ("03", "b")], {"01": ("a", False), "02": ("a", False), "03": ("b", True)}),
        ([("01", "a"), ("03", "b"), ("04", "b")], {"01": ("a", False), "03": ("b", True), "04": ("b", False)}),
        # Another part of the same model counts, another model does not.
        ([("01", "a"), ("02", "a", "d")], {"01": ("a", False), "02": ("a d", True)}),
        ([("01", "a"), ("02", "a", None, "x")], {"01": ("a", False), "02": ("a", False)}),
    ],
)
def test_a_day_that_another_model_told_is_marked(
    published: list[tuple[str | None, ...]], named: dict[str, tuple[str, bool]]
) -> None:
    def models_of(_day: str, one: str, other: str | None = None, clv: str | None = None) -> str:
        told = {"churn.contractual": one, "churn.non_contractual": other, "clv": clv}
        return json.dumps({model: version for model, version in told.items() if version})

    told = pd.DataFrame(
        {
            "published_at": pd.to_datetime([f"2026-01-0{number + 5}" for number in range(len(published))]),
            "snapshot_date": pd.to_datetime([f"2026-01-{day}" for day, *_ in published]),
            "models_json": [models_of(*day) for day in published],
        }
    )
    rows = pd.DataFrame({"snapshot_date": pd.date_range("2026-01-01", "2026-01-04")})
    found = overview.with_models(rows, told, ("churn",))
    for day, by, is_other in zip(found["snapshot_date"], found["models"], found["is_other_model"], strict=True):
        version, expected = named.get(f"{day:%d}", (None, False))
        assert by == (f"churn {version}" if version else "not named: built, not published")
        assert is_other == expected


def test_sizes_of_segments_stand_beside_those_of_an_earlier_day(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments had other names then, and each as many customers less as its id is high; flows add up to the sizes."""
    changes = dict(asked(company, "select segment_name, segment_id from marts.segments"))
    for since in ("a month before", "the publication before"):
        app = opened(company, "segments", monkeypatch, since=since)
        told = next(table.value for table in app.dataframe if "n_customers_change" in table.value)
        assert dict(zip(told["segment_name"], told["n_customers_change"], strict=True)) == changes
        earlier = told["n_customers"] - told["n_customers_change"]
        assert list(told["n_customers_change_share"]) == pytest.approx(list(100 * told["n_customers_change"] / earlier))
        drawn = charted(app, "Flows between segments")
        totals = drawn[drawn["is_total"] & (drawn["segment_name"] != segments.ALL)]
        sizes = told.set_index("segment_name")["n_customers"]
        assert dict(zip(totals["segment_name"], totals["n_customers"], strict=True)) == sizes.to_dict()
        of_all = drawn.set_index(["earlier_segment_name", "segment_name"])["n_customers"][segments.ALL, segments.ALL]
        assert of_all == sizes.sum()


def test_a_segment_that_had_another_name_is_one_line_on_every_page(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id tells which it is: what has its name today had another one then, and what had its name then is another."""
    days = asked(company, "select distinct snapshot_date from marts.customer_health_overview")
    assert len(days) == 3
    for name, number, active in asked(
        company,
        "select segment_name, n_customers, n_active from marts.customer_health_overview"
        " where snapshot_date = (select max(snapshot_date) from marts.customer_health_overview)"
        " and segment_id is not null",
    ):
        app = opened(company, "overview", monkeypatch, segment=name)
        assert figures(app)["Customers"] == shown.number(number)
        assert list(charted(app, "Active customers by day")["n_active"]) == [active] * 3
    sizes = charted(opened(company, "segments", monkeypatch), "Customers of each segment by day")
    names = {name for (name,) in asked(company, "select segment_name from marts.segments")}
    assert set(sizes["segment_name"]) - {"in no segment"} == names
    assert (
        sizes.groupby("segment_name")["n_customers"].max() - sizes.groupby("segment_name")["n_customers"].min()
    ).to_dict() == (dict(asked(company, "select segment_name, segment_id from marts.segments")))


def test_a_segment_that_is_gone_is_no_other_of_the_same_name(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    path = data.current_path(tmp_path)
    with duckdb.connect(path) as connection:
        ((name,),) = connection.execute("select min(segment_name) from marts.segments").fetchall()
        connection.execute(
            "insert into marts.customer_health_overview select * replace (90 as segment_id, ? as segment_name)"
            " from marts.customer_health_overview where segment_name = 'all'"
            " and snapshot_date < (select max(snapshot_date) from marts.customer_health_overview)",
            [name],
        )
    sizes = charted(opened(tmp_path, "segments", monkeypatch), "Customers of each segment by day")
    assert sizes["segment_name"].value_counts()[[name, f"{name} (gone)"]].to_list() == [3, 2]


def test_names_of_lines_do_not_lie_on_each_other() -> None:
    placed = segments.names_at(pd.Series({"b": 101, "a": 100, "c": 300}), 10)
    assert placed.to_dict() == {"a": 100, "b": 110, "c": 300}


def test_sizes_over_time_begin_with_the_second_day(
    built_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built_company / "published", tmp_path / "published", symlinks=True)
    app = opened(tmp_path, "segments", monkeypatch)
    assert any("begin with the second day" in info.value for info in app.info)
    assert "Customers of each segment by day" not in [chart.proto.alt for chart in app.get("vega_lite_chart")]


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


def test_a_changed_filter_or_order_begins_with_the_first_page(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, "customers", monkeypatch, page="2")
    assert "page 2 of" in " ".join(caption.value for caption in app.caption)
    for key, value in (("risk", "low"), ("sort", "customer")):
        app.session_state["page"] = 2
        app.selectbox(key=key).select(value).run()
        assert "page 1 of" in " ".join(caption.value for caption in app.caption)


def test_what_is_searched_for_is_no_pattern(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((customer,),) = asked(company, "select min(customer_id) from marts.customer_directory")
    for search in ("%", "_", customer[0] + "_"):
        app = opened(company, "customers", monkeypatch, search=search)
        assert app.info[0].value.startswith("No customer fits")
    app = opened(company, "customers", monkeypatch, search=customer.lower())
    assert list(app.dataframe[0].value["customer_id"]) == [customer]


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("customers", {"risk": "wild"}), ("customers", {"sort": "random()"}), ("overview", {"segment": "*nobody*"}),
        ("campaigns", {"period": "a decade"}), ("segments", {"since": "yesterday"}),
    ],
)  # fmt: skip
def test_a_filter_in_the_address_that_nothing_knows_is_said_to_be_unknown(
    page: str, address: dict[str, str], company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (unknown,) = address.values()
    app = opened(company, page, monkeypatch, **address)
    assert [f"there is no *{shown.plain(unknown)}* here" in warning.value for warning in app.warning] == [True]
    assert len(opened(company, page, monkeypatch).warning) == 0


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


@pytest.mark.parametrize(
    ("then", "now", "has_changed", "told"),
    [
        ("Recent buyers", "Recent buyers", False, "stayed in *Recent buyers*"),
        ("Recent buyers", "Frequent buyers", False, "stayed in *Frequent buyers* (called *Recent buyers* then)"),
        ("Recent buyers", "Lapsed buyers", True, "moved from *Recent buyers* to *Lapsed buyers*"),
        (None, "Recent buyers", None, "moved from none to *Recent buyers*"),
        (None, None, None, "in no segment"),
    ],
)
def test_a_move_is_one_that_a_reader_sees(
    then: str | None, now: str | None, has_changed: bool | None, told: str
) -> None:
    row = {"earlier_segment_name": then, "segment_name": now, "has_changed_segment": has_changed}
    assert one_customer.moved(row) == told


@pytest.mark.parametrize(
    ("value", "data_type", "told"),
    [(3.0, "BIGINT", "3"), (0.25, "DOUBLE", "0.25"), (1234.5, "DOUBLE", "1,234"), (1.0, "BOOLEAN", "yes"),
     (math.nan, "DOUBLE", "not known"), (4.0, "VARCHAR", "")],
)  # fmt: skip
def test_the_value_of_a_reason_is_in_words(value: float, data_type: str, told: str) -> None:
    assert one_customer.value_of(value, data_type) == told


def test_reasons_forecasts_and_days_of_a_customer_are_told_plainly(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((customer, effect, snapshot),) = asked(
        built_company,
        "select customer_id, reason_1_effect, snapshot_date from marts.customer_churn as churn"
        " where reason_3 is not null and customer_id in (select customer_id from marts.customer_timeline)"
        " order by abs(reason_1_effect) desc, customer_id limit 1",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    (told,) = [element.value for element in app.markdown if "odds of leaving" in element.value]
    first, *others = told.splitlines()
    assert len(others) == 2
    assert f"{'raises' if effect > 0 else 'lowers'} the risk: odds of leaving × {math.exp(effect):.2f}" in first
    (forecasts,) = [table.value["forecast"] for table in app.dataframe if "forecast" in table.value]
    told_of = [forecast for forecast in forecasts if forecast.startswith(("Leaves", "Orders"))]
    assert told_of == ["Leaves within 90 days", *(f"Orders within {days} days" for days in (7, 30, 90))]
    (timeline,) = [
        chart.proto for chart in app.get("vega_lite_chart") if chart.proto.alt == "What the customer did, by day"
    ]
    first_day, last_day = json.loads(timeline.spec)["encoding"]["x"]["scale"]["domain"]
    begins = snapshot - timedelta(days=180)
    assert (first_day["year"], first_day["month"], first_day["date"]) == (begins.year, begins.month, begins.day)
    assert (last_day["year"], last_day["month"], last_day["date"]) == (snapshot.year, snapshot.month, snapshot.day)


def test_who_cannot_be_lost_goes_from_nothing_to_nothing_nowhere(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((customer,),) = asked(
        company,
        "select min(customer_id) from marts.customer_changes"
        " where churn_probability is null and earlier_churn_probability is null",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    (told,) = [element.value for element in app.markdown if "the publication before" in element.value]
    assert "churn probability" not in told
    assert shown.NOTHING not in told
    assert any("nobody can be lost" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("has_consent", "told"),
    [(False, "No consent to emotion analytics is on record"), (True, "nothing was recorded under it")],
)
def test_where_no_feelings_show_the_consent_alone_is_told(
    has_consent: bool, told: str, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whom nothing was recorded, and of whom it was but without a consent, the same is said."""
    runs = (
        "select customer_id from governance.gov_consent_asof where purpose = 'emotion_analytics' and known_to is null"
        " and valid_from < (select max(snapshot_date) from marts.customer_profile)"
        " and (valid_to is null or valid_to >= (select max(snapshot_date) from marts.customer_profile))"
    )
    ((customer,),) = asked(
        company,
        "select min(customer_id) from marts.customer_timeline where customer_id"
        f" {'in' if has_consent else 'not in'} ({runs}) and customer_id not in"
        " (select customer_id from marts.customer_timeline where event_type like '%emotion%')",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    assert len([caption for caption in app.caption if told in caption.value]) == 1


def test_an_instalment_is_not_known_where_the_income_is_not(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(lender))
    for is_known in (True, False):
        ((customer, instalment),) = asked(
            lender,
            "select customer_id, affordable_instalment from marts.credit_decisions"
            f" where (income_monthly is not null) = {is_known} order by affordable_instalment desc, 1 limit 1",
        )
        app = AppTest.from_string(credit_of_one(customer), default_timeout=WITHIN_S).run()
        told = " ".join(markdown.value for markdown in app.markdown)
        said = shown.money(instalment, "EUR") if is_known else "not known, as the income is not"
        assert f"Instalment that fits the income: **{said}**" in told


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


HEALTHY = {
    "newest_event_at": datetime(2026, 1, 1, 23), "n_checks_passed": 900, "n_checks_warned": 0, "n_checks_failed": 0,
    "n_models": 8, "n_models_drifted": 0, "n_models_due": 0, "drift_checked_for": datetime(2026, 1, 2),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({}, "yes", "data until 1 Jan 2026, published within a day"),
        ({"n_checks_warned": 3}, "with care", "no check failed, 3 warned, 900 passed"),
        ({"n_checks_failed": 1}, "no", "1 check failed, 0 warned, 900 passed"),
        ({"n_models_drifted": 2}, "with care", "of 8 models 2 drifted"),
        ({"n_models_due": 1}, "with care", "1 due to be fitted anew"),
        ({"drift_checked_for": None}, "with care", "of 8 models none was looked at for drift yet"),
        (
            {"newest_event_at": datetime(2025, 12, 28)},
            "with care",
            "data until 28 Dec 2025, 5 days before it was published",
        ),
        ({"newest_event_at": datetime(2025, 11, 1)}, "no", "data until 1 Nov 2025, 62 days before it was published"),
        ({"newest_event_at": None}, "no", "no event was ever loaded"),
        ({"n_models": 0}, "yes", "no model scores yet"),
        ({"n_checks_passed": 0}, "with care", "nothing was checked yet"),
    ],
)
def test_whether_figures_can_be_trusted_follows_from_age_checks_and_models(
    changed: dict[str, Any], level: str, said: str
) -> None:
    found, reasons = models.verdict(HEALTHY | changed, datetime(2026, 1, 2, 6))
    assert found == level
    assert said in reasons


def test_the_page_on_models_answers_its_question_first(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(company, "models", monkeypatch)
    ((passed, warned),) = asked(built_company, "select n_checks_passed, n_checks_warned from governance.data_health")
    (told,) = [element.value for element in (*app.success, *app.warning, *app.error)]
    assert f"{shown.number(warned)} warned, {shown.number(passed)} passed" in told
    messages = asked(
        built_company,
        "select message from governance.check_results where status in ('warn', 'fail')"
        " and run_id in (select run_id from governance.check_counts)",
    )
    words = " ".join(element.value for element in app.markdown)
    assert [message for (message,) in messages if shown.plain(message) not in words] == []


def test_without_a_publication_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(tmp_path, "overview", monkeypatch)
    assert app.title[0].value == "Nothing is published yet"
    assert "make run" in app.markdown[0].value


HEADERS, BLOCK = 3 * 4096, 262_144  # bytes of a DuckDB file


@pytest.mark.parametrize("damage", ["headers", "rows of a table"])
def test_a_damaged_file_is_said_to_be_one(
    damage: str, built_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "published" / "2026-01-01-0001"
    folder.mkdir(parents=True)
    content = bytearray(Path(data.current_path(built_company)).read_bytes())
    blocks = asked(
        built_company,
        "select distinct block_id from pragma_storage_info('marts.customer_directory') where block_id is not null",
    )
    assert blocks
    places = [(HEADERS + block * BLOCK, BLOCK) for (block,) in blocks] if damage != "headers" else [(0, HEADERS)]
    for start, length in places:
        content[start : start + length] = b"\x5a" * length
    (folder / "clientele.duckdb").write_bytes(content)
    Published(tmp_path).switch_to("2026-01-01-0001")
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path))
    app = AppTest.from_string("from dashboards.app import show\nshow('customers')", default_timeout=WITHIN_S).run()
    assert [error.value for error in app.exception] == []
    assert app.title[-1].value == "What was published cannot be read"
    told = app.markdown[-1].value
    assert "`2026-01-01-0001`" in told
    assert "clientele rollback" in told
    assert str(tmp_path) not in told


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


def test_figures_of_credit_are_those_of_the_file(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(lender, "credit", monkeypatch)
    ((scored, mean, lower, upper, approved, for_human),) = asked(
        lender,
        "select count(*), avg(pd), avg(pd_lower), avg(pd_upper), count(*) filter (where recommendation = 'approve'),"
        " count(*) filter (where recommendation <> 'approve') from marts.credit_decisions",
    )
    assert scored > 100
    told = figures(app)
    assert told["Customers with a score"] == shown.number(scored)
    assert told["Mean probability of default"] == shown.share(mean)
    assert notes(app, "Mean probability of default") == f"{shown.share(lower)} to {shown.share(upper)}"
    assert told["Recommended to approve"] == shown.number(approved)
    assert told["For a person to decide"] == shown.number(for_human)
    # Every panel has rows.
    assert [info.value for info in app.info] == []


def test_the_version_of_the_credit_model_stands_where_its_figures_do(
    lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lender is built without the registry that a publication names versions from: here it names one."""
    version, model, publication = Published(lender).current(), "0123456789ab", data.publication
    monkeypatch.setattr(data, "publication", lambda path: replace(publication(path), models={"credit": model}))
    for page in ("credit", "models"):
        assert f"credit `{model}`" in opened(lender, page, monkeypatch).caption[0].value
    captions = [caption.value for caption in opened(lender, "credit", monkeypatch).caption]
    feet = [caption for caption in captions[1:] if f" · {version}" in caption]
    assert len(feet) >= 8
    assert [foot for foot in feet if f"credit {model[:7]}" not in foot] == []


def test_charts_of_credit_hold_what_the_file_holds(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(lender, "credit", monkeypatch)
    bands = asked(lender, "select band, avg(pd), min(score) from marts.credit_scores group by band order by band")
    drawn = charted(app, "Mean probability of default by group")
    assert list(drawn["band"]) == [band for band, _pd, _score in bands]
    assert list(drawn["pd_mean"]) == pytest.approx([pd for _band, pd, _score in bands])
    assert (drawn["pd_mean_lower"] <= drawn["pd_mean"]).all()
    assert (drawn["pd_mean"] <= drawn["pd_mean_upper"]).all()
    # The riskier the band, the lower its scores.
    assert [score for *_, score in bands] == sorted((score for *_, score in bands), reverse=True)
    distribution = charted(app, "Customers by score")
    assert distribution["n_customers"].sum() == asked(lender, "select count(*) from marts.credit_scores")[0][0]
    ((product, loss),) = asked(
        lender,
        "select product, sum(expected_loss) from marts.credit_offers group by product"
        " order by count(*) desc, product limit 1",
    )
    offers = next(table.value for table in app.dataframe if "expected_loss" in table.value)
    assert list(offers["product"])[0] == product
    assert offers["expected_loss"].iloc[0] == round(loss)


def test_fairness_is_shown_by_the_attribute_in_the_address(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = asked(lender, "select distinct protected_attribute from governance.fairness_credit order by 1")
    assert len(attributes) > 1
    for (attribute,) in attributes:
        app = opened(lender, "credit", monkeypatch, attribute=shown.words(attribute))
        groups = asked(
            lender,
            "select group_value, approval_rate from governance.fairness_credit"
            f" where protected_attribute = '{attribute}'"
            " order by group_value = compared_with desc, adverse_impact_ratio desc nulls last, group_value",
        )
        drawn = charted(app, "Recommended to approve by group")
        assert list(drawn["group_value"]) == [group for group, _rate in groups]
        assert list(drawn["approval_rate"]) == pytest.approx(
            [math.nan if rate is None else rate for _group, rate in groups], nan_ok=True
        )
        told = next(table.value for table in app.dataframe if "expected_default_rate" in table.value)
        known = told[told["expected_default_rate"].notna()]
        assert (known["expected_default_rate_lower"] <= known["expected_default_rate"]).all()
        assert (known["expected_default_rate"] <= known["expected_default_rate_upper"]).all()


def group(value: str, *ratio: float | None) -> dict[str, Any]:
    (estimate, lower, upper) = ratio or (None, None, None)
    return {
        "protected_attribute": "age_band", "group_value": value, "compared_with": "most",
        "adverse_impact_ratio": estimate, "adverse_impact_ratio_lower": lower, "adverse_impact_ratio_upper": upper,
    }  # fmt: skip


def test_whether_a_score_is_fair_names_the_groups_below_four_fifths_and_those_that_may_be() -> None:
    rows = [group("most", 1.0, None, None), group("fair", 0.95, 0.81, 1.1), group("unsure", 0.9, 0.79, 1.0)]
    told = credit.is_fair(pd.DataFrame([*rows, group("under", 0.5, 0.4, 0.79), group("few")]))
    below, may_be = told.split("**May be below**")
    assert "**Below four fifths**" in below
    assert "*under* (age band)" in below
    assert "*unsure* (age band)" in may_be
    assert "1 group is too small to judge" in may_be
    assert "*fair*" not in told
    assert "*most*" not in told
    assert credit.is_fair(pd.DataFrame(rows[:2])).startswith("No group's interval lies below")


def test_the_sentence_on_fairness_is_that_of_the_intervals_in_the_file(
    lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(lender, "credit", monkeypatch)
    (told,) = [markdown.value for markdown in app.markdown if "four fifths" in markdown.value]
    reached = asked(
        lender,
        "select group_value from governance.fairness_credit where adverse_impact_ratio_lower < 0.8"
        " and group_value <> compared_with",
    )
    assert [name for (name,) in reached if f"*{shown.plain(name)}*" not in told] == []
    drawn = charted(app, "Adverse impact ratio by group")
    assert drawn["verdict"].iloc[0] == credit.REFERENCE
    assert list(drawn["group_value"]) == list(charted(app, "Recommended to approve by group")["group_value"])


def test_bands_without_customers_and_figures_without_bounds_are_said_to_be_so(
    lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = " ".join(caption.value for caption in opened(lender, "credit", monkeypatch).caption)
    bands = {band for (band,) in asked(lender, "select distinct band from marts.credit_scores")}
    assert ("No customer is in band" in told) == (bands != set(credit.BANDS))
    assert "No bounds of expected loss and margin are on record" in told
    assert "within 365 days" in told


def credit_of_one(customer: str) -> str:
    """A script that shows one customer's credit."""
    return (
        "from dashboards import data\nfrom dashboards.views import one_customer\n"
        f"one_customer.credit(data.publication(data.current_path()), {customer!r})"
    )


def test_a_customer_shows_credit_with_bounds_and_reasons_to_those_who_may_see_credit(
    lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((customer, score, pd, lower, upper, reason),) = asked(
        lender,
        "select scores.customer_id, score, pd, pd_lower, pd_upper, reason from marts.credit_scores as scores"
        " join marts.credit_score_reasons as reasons on scores.customer_id = reasons.customer_id and reason_rank = 1"
        " order by points_lost desc, 1 limit 1",
    )
    monkeypatch.setenv("CLIENTELE_HOME", str(lender))
    script = credit_of_one(customer)
    app = AppTest.from_string(script, default_timeout=WITHIN_S).run()
    told = " ".join(markdown.value for markdown in app.markdown)
    assert f"**{shown.number(score)} (band" in told
    assert f"**{shown.share(pd)} ({shown.share(lower)} to {shown.share(upper)})**" in told
    assert reason in list(app.dataframe[0].value["reason"])
    monkeypatch.setattr(access, "may_see", lambda page: page != "credit")
    hidden = AppTest.from_string(script, default_timeout=WITHIN_S).run()
    assert len(hidden.markdown) == 0
    assert len(hidden.dataframe) == 0


def test_what_a_figure_came_from_is_made_when_it_is_asked_for(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, "value", monkeypatch)
    assert len(app.code) == 0
    assert len(app.get("download_button")) == 0
    assert len(app.get("popover")) >= 4


def a_campaign(home: Path) -> tuple[str, str, str]:
    """Id, channel and name of a campaign that is not the first of the list."""
    (found,) = asked(
        home,
        "select campaign_id, channel, campaign_name from marts.campaign_summary where period = 'all_time'"
        " order by last_date, campaign_id desc limit 1",
    )
    return found


def test_scores_on_record_stand_beside_the_backtests(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((model, backtests),) = asked(
        company,
        "select model_name, list(auc order by period) from governance.model_performance where auc is not null"
        " and is_champion and group_name = 'all' and model_name like 'churn.%'"
        " group by model_name order by model_name limit 1",
    )
    for measure, title, pattern in (("auc", "AUC", [0.625]), ("ece", "Calibration error", [0.0625])):
        app = opened(company, "models", monkeypatch, model=shown.words(model), measure=title)
        drawn = charted(app, f"{title} over time")
        live = drawn[drawn["measured"] == models.LIVE]
        assert list(live[measure]) == pattern
        assert set(drawn["forecast"]) == set(live["forecast"])
        if measure == "auc":
            assert list(drawn[drawn["measured"] == models.BACKTEST][measure]) == pytest.approx(backtests)


def test_a_campaign_in_the_address_is_opened(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, channel, name = a_campaign(company)
    address = {"channel": channel, "period": "all time"}
    app = opened(company, "campaigns", monkeypatch, **address, campaign=campaign)
    assert f"{name} by day" in [header.value for header in app.subheader]
    ((days, clicks),) = asked(
        company,
        f"select count(*), sum(clicks) from marts.campaign_performance_daily where campaign_id = '{campaign}'",
    )
    assert clicks > 0
    drawn = [
        pa.ipc.open_stream(chart.proto.data.data).read_pandas()
        for chart in app.get("vega_lite_chart")
        if chart.proto.alt == "Click-through rate over time, with bounds"
    ]
    assert days in [len(rows) for rows in drawn if "performance_date" in rows]
    app = opened(company, "campaigns", monkeypatch, **address)
    assert not any("by day" in header.value for header in app.subheader)
    app = opened(company, "campaigns", monkeypatch, **address, campaign="nothing")
    assert "nothing did not run" in app.info[0].value


def test_the_campaign_that_is_open_stays_so_where_another_publication_lists_it_elsewhere(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    before = Published(tmp_path).current()
    campaigns = asked(
        company,
        "select campaign_id, campaign_name from marts.campaign_summary where period = 'last_365_days'"
        " order by roas desc nulls last, campaign_id",
    )
    campaign, name = campaigns[-1]
    newer = f"{before[:-4]}9999"
    shutil.copytree(tmp_path / "published" / before, tmp_path / "published" / newer)
    with duckdb.connect(str(tmp_path / "published" / newer / DATABASE)) as connection:
        # Without the first of them, so that every row has another number, and the last number no row.
        connection.execute("delete from marts.campaign_summary where campaign_id = ?", [campaigns[0][0]])
    app = opened(tmp_path, "campaigns", monkeypatch, campaign=campaign)
    for version in (newer, before):
        Published(tmp_path).switch_to(version)
        app.run()
        assert [error.value for error in app.exception] == []
        assert version in app.caption[0].value
        assert f"{name} by day" in [header.value for header in app.subheader]
        assert app.query_params["campaign"] == campaign


def test_campaigns_are_compared_by_what_they_return(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, "campaigns", monkeypatch, period="all time")
    expected = asked(
        company,
        "select campaign_id, roas, roas_lower, roas_upper, cost_amount from marts.campaign_summary"
        " where period = 'all_time' order by roas desc nulls last, campaign_id",
    )
    told = next(table.value for table in app.dataframe if "roas" in table.value)
    assert pd.api.types.is_float_dtype(told["roas"])  # as which a head sorts it
    for at, column in enumerate(("roas", "roas_lower", "roas_upper"), start=1):
        assert list(told[column]) == pytest.approx(
            [math.nan if r[at] is None else r[at] for r in expected], nan_ok=True
        )
    drawn = charted(app, "Return on ad spend by campaign, with bounds")
    most = sorted((r for r in expected if r[1] is not None), key=lambda r: -r[4])[:30]
    assert list(drawn["roas"]) == pytest.approx(sorted((r[1] for r in most), reverse=True))
    by_month = charted(app, "Return on ad spend over time, with bounds").set_index("performance_month")["roas"]
    months = asked(company, "select performance_month from marts.channel_performance_monthly where channel = 'all'")
    assert by_month.notna().sum() == len(months)
    # A month without campaigns breaks the line.
    assert len(by_month) == (by_month.index.max().to_period("M") - by_month.index.min().to_period("M")).n + 1


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
        ("campaigns", {"channel": ran_on, "period": "all time", "campaign": campaign}),
        ("value", {"show": "Revenue"}),
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


def test_every_definition_that_a_page_asks_for_is_there(built_company: Path) -> None:
    code = "".join(path.read_text() for path in (PROJECT_ROOT / "dashboards" / "views").glob("*.py"))
    told = set(re.findall(r'ui\.meaning\(\s*publication,\s*"(\w+)",\s*"(\w+)"', code))
    assert len(told) > 20
    described = set(asked(built_company, "select table_name, column_name from governance.column_docs"))
    assert told - described == set()


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


def test_a_run_ends_with_the_address_of_the_dashboards(built_company: Path) -> None:
    said = io.StringIO()
    _sum_up(Console(file=said, width=200), built_company)
    assert said.getvalue().rstrip().splitlines()[-1].endswith(", then http://127.0.0.1:8501")


@pytest.mark.parametrize("name", sorted(path.stem for path in data.QUERIES.glob("*.sql")))
def test_every_query_fits_the_published_tables(name: str, built_company: Path) -> None:
    sql = data.sql_of(name)
    with duckdb.connect(data.current_path(built_company), read_only=True) as connection:
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
        (shown.points, 0.012, "+1.2 points"), (shown.change, 12.3, "+12"), (shown.change, 0.2, "unchanged"),
        (shown.rounded, 12.34, "12"), (shown.rounded, 1.234, "1.2"), (shown.decimal, None, "–"),
        (shown.feature, "n_orders_90d", "Orders, 90 days"),
        (shown.feature, "on_time_90d_share", "On time share, 90 days"),
        (shown.words, "churn.contractual", "Churn, contractual"),
    ],
)  # fmt: skip
def test_figures_are_short_and_have_their_unit(write: Callable[[Any], str], value: Any, text: str) -> None:
    assert write(value) == text
    assert shown.money(-1234567, "GBP") == "-£ 1.23 M"
    assert shown.money(5, "CHF") == "CHF 5"
    assert shown.money_change(-1234567, "EUR") == "-€ 1.23 M"
    assert shown.money_change(1234567, "EUR") == "+€ 1.23 M"
    assert shown.money_change(-0.3, "EUR") == "unchanged"
