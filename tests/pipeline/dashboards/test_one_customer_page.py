"""One customer: scores with bounds, reasons in words, changes, and credit for those who may see it."""

from __future__ import annotations

import json
import math
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import access, data, shown
from dashboards.views import one_customer
from tests.dashboards import WITHIN_S, asked, credit_of_one, figures, opened


def test_one_customer_has_a_page(built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((customer, probability),) = asked(
        built_company,
        "select customer_id, churn_probability from marts.customer_directory"
        " where churn_probability is not null order by value_at_risk desc limit 1",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    assert customer in app.title[0].value
    assert figures(app)["Churn probability"] == shown.probability(probability)
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


def test_a_reason_that_is_a_text_says_which(company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A score keeps the place of a text in a list; the text is that of the profile."""
    ((customer, country),) = asked(
        company,
        "select customer_id, country from marts.customer_churn join marts.customer_profile using (customer_id)"
        " where reason_1 is not null and country is not null order by customer_id limit 1",
    )
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    path = Path(data.current_path(tmp_path))
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update marts.customer_churn set reason_1 = 'country', reason_1_value = 3 where customer_id = ?", [customer]
        )
    app = opened(tmp_path, "customers", monkeypatch, customer=customer)
    (told,) = [element.value for element in app.markdown if "odds of leaving" in element.value]
    assert f"**Country: {country}** " in told.splitlines()[0]


def test_who_has_no_credit_score_is_not_said_to_have_lost_no_points(
    lender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(lender))
    app = AppTest.from_string(credit_of_one("nobody"), default_timeout=WITHIN_S).run()
    told = [info.value for info in app.info]
    assert "There is no score, and so no reasons for one." in told
    assert "Nothing cost this customer points." not in told


def test_who_cannot_be_lost_goes_from_nothing_to_nothing_nowhere(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((customer,),) = asked(
        company,
        "select min(customer_id) from marts.customer_changes"
        " where churn_probability is null and earlier_churn_probability is null",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    (told,) = [element.value for element in app.markdown if "(published):" in element.value]
    assert "churn probability" not in told
    assert shown.NOTHING not in told
    assert any("nobody can be lost" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("has_consent", "told"),
    [(False, "No consent to emotion analytics is on record"), (True, "nothing that was recorded under it")],
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
