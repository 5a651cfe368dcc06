"""The page on customer health: figures and bounds are those of the file, days name their models."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from dashboards import data, shown
from dashboards.views import overview
from tests.dashboards import asked, figures, notes, opened


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


def test_bounds_of_value_at_risk_claim_no_level_of_their_own(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They carry those of churn, of 95 %, and how far totals of value were off: the text is that of dbt."""
    publication = data.publication(data.current_path(company))
    told = overview.meanings(publication)["value_at_risk"]
    assert "churn model may be for all of them at once (95 %)" in told
    assert "worst backtest" in told
    captions = [caption.value for caption in opened(company, "overview", monkeypatch).caption]
    assert "Lines: bounds of each sum." in captions
    assert [caption for caption in captions if "95 %" in caption and "mean of" not in caption] == []


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
        return shown.between(*shown.alike(partial(shown.money, currency="EUR"), *bounds))

    app = opened(company, "value", monkeypatch)
    ((lower, upper),) = asked(
        built_company,
        "select clv_365d_lower, clv_365d_upper from marts.value_concentration where hundredth = 100",
    )
    assert in_euros(lower, upper) in notes(app, "Expected value of 365 days").replace("\\", "")
    ((lower, upper),) = asked(
        built_company, "select value_at_risk_lower, value_at_risk_upper from marts.value_deciles where decile = 1"
    )
    assert in_euros(lower, upper) in notes(app, "At risk in the best tenth").replace("\\", "")
    movers = opened(company, "overview", monkeypatch).dataframe[0].value
    for column in ("value_at_risk", "churn_probability", "clv_365d"):
        for told in movers[column]:
            assert told.count("→") == 1
            assert told.count("\u00a0to\u00a0") == 2
    ((customer, then, now),) = asked(
        company,
        "select customer_id, earlier_churn_probability_upper, clv_365d_upper from marts.customer_changes"
        " where compared_with = 'previous' order by value_at_risk desc nulls last limit 1",
    )
    app = opened(company, "customers", monkeypatch, customer=customer)
    (told,) = [element.value for element in app.markdown if "(published): churn" in element.value]
    assert f"to {shown.probability(then)})" in told
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
