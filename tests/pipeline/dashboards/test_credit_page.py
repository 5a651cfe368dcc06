"""The page on credit, over a lender: figures of the file, and what intervals say of fairness."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clientele.publishing.versions import Published
from dashboards import data, shown
from dashboards.views import credit
from tests.dashboards import asked, charted, figures, notes, opened


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
    ((product, loss, n_profitable),) = asked(
        lender,
        "select product, sum(expected_loss), count_if(expected_margin > 0) from marts.credit_offers group by product"
        " order by count(*) desc, product limit 1",
    )
    offers = next(table.value for table in app.dataframe if "expected_loss" in table.value)
    assert list(offers["product"])[0] == product
    assert offers["expected_loss"].iloc[0] == round(loss)
    assert offers["n_profitable"].iloc[0] == n_profitable


def test_fairness_is_shown_by_the_attribute_in_the_address(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = asked(lender, "select distinct protected_attribute from governance.fairness_credit order by 1")
    assert len(attributes) > 1
    for (attribute,) in attributes:
        app = opened(lender, "credit", monkeypatch, attribute=attribute)
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
        "is_large_enough": bool(ratio),
    }  # fmt: skip


def test_whether_a_score_is_fair_names_the_groups_below_four_fifths_and_those_that_may_be() -> None:
    rows = [group("most", 1.0, None, None), group("fair", 0.95, 0.81, 1.1), group("unsure", 0.9, 0.79, 1.0)]
    likely = [group("likely", 0.78, 0.6, 1.1), group("likelier", 0.69, 0.5, 0.9)]
    told = credit.is_fair(pd.DataFrame([*rows, *likely, group("under", 0.5, 0.4, 0.79), group("few")]))
    first, may_be = told.split("**May be below**")
    below, estimated = first.split("**Estimated below four fifths**")
    assert "**Below four fifths**" in below
    assert "*under* (age band, 0.50)" in below
    assert "*likelier* (age band, 0.69), *likely* (age band, 0.78)" in estimated
    assert "*unsure* (age band, 0.90)" in may_be
    assert "1 group has too few customers to judge" in may_be
    assert credit.is_fair(pd.DataFrame([*rows, *likely])).startswith("**Estimated below four fifths** of the approval")
    # Of whom nobody is approved has a ratio without an interval.
    assert "*nobody* (age band, 0.00)" in credit.is_fair(pd.DataFrame([rows[0], group("nobody", 0.0, None, None)]))
    assert "*fair*" not in told
    assert "*most*" not in told
    assert credit.is_fair(pd.DataFrame(rows[:2])).startswith("No group is estimated below")


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
