"""What features are called on pages: no two of one table alike, and none by a word that only its column has."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from clientele.contract import PROJECT_ROOT
from dashboards import features

GROUPS = {
    model["name"]: [column["name"] for column in model["columns"]]
    for path in sorted(Path(PROJECT_ROOT / "dbt_project/models/features").rglob("*.yml"))
    for model in yaml.safe_load(path.read_text()).get("models", [])
    if model["name"].startswith("feat_")
}


def test_no_two_features_of_one_table_share_a_label() -> None:
    assert len(GROUPS) > 10
    for group, columns in GROUPS.items():
        assert [label for label, count in Counter(map(features.label, columns)).items() if count > 1] == [], group


def test_the_words_are_those_of_features_that_there_are() -> None:
    known = {re.sub(r"_(?:\d+d|lifetime)(?=_|$)", "", column) for columns in GROUPS.values() for column in columns}
    names, units = features._words()
    scores = {name for name in names if name.startswith(("pd", "clv", "p_alive"))}
    assert (set(names) | set(units)) - known - scores == set()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("n_orders_90d", "Orders, 90 days"),
        ("on_time_90d_share", "Share of instalments paid on time, 90 days"),
        ("n_instalments_due_90d", "Number of instalments due, 90 days"),
        ("instalments_due_90d", "Amount of instalments due, 90 days"),
        ("spend_lifetime", "Spend, lifetime"),
        ("a_column_of_yours", "A column of yours"),
    ],
)
def test_a_feature_is_called_by_its_words_and_its_window(name: str, told: str) -> None:
    assert features.label(name) == told


def test_two_columns_that_would_share_a_label_say_which_they_are() -> None:
    assert features.labels(["T", "T", "T", "U"], ["n_x", "x", "y", "x"]) == ["T: X (n_x)", "T: X (x)", "T: Y", "U: X"]


@pytest.mark.parametrize(
    ("name", "value", "data_type", "told"),
    [
        ("n_orders_90d", 3.0, "BIGINT", "3"),
        ("usage_30d_per_seat", 0.25, "DOUBLE", "0.25"),
        ("spend_90d", 12345.6, "DECIMAL(28,4)", "€ 12.3 k"),
        ("on_time_90d_share", 0.456, "DOUBLE", "45.6 %"),
        ("recency_to_gap", 0.34, "DOUBLE", "0.34 times"),
        ("ticket_recency_90d_days", 39.55, "DOUBLE", "40 days"),
        ("recency_days", 1.0, "DOUBLE", "1.0 days"),
        ("usage_duration_s_90d", 2819.0, "BIGINT", "47 min"),
        ("session_duration_mean_90d_s", 90.0, "DOUBLE", "90 s"),
        ("is_unsubscribed", 1.0, "BOOLEAN", "yes"),
        ("recency_days", float("nan"), "DOUBLE", "not known"),
        ("region", 4.0, "VARCHAR", ""),
    ],
)
def test_the_value_of_a_feature_has_its_unit(name: str, value: float, data_type: str, told: str) -> None:
    assert features.value(name, value, data_type, "EUR") == told


@pytest.mark.parametrize(
    ("name", "told", "written"),
    [
        ("interest_rate_max", "0.0801 to < 0.087", "8.01 % to < 8.7 %"),
        ("fixed_costs_to_income_90d", "0.4721 or more", "47.21 % or more"),
        ("balance", "below 898", "below € 898"),
        ("balance", "-1,250.5 to < 12,000", "-€ 1,250 to < € 12 k"),
        ("days_past_due_max_90d", "3 to < 11", "3 to < 11 days"),
        ("n_open_loans", "2 or more", "2 or more"),
        ("income_90d", "missing", "not known"),
    ],
)
def test_an_interval_of_a_scorecard_has_the_unit_of_its_feature(name: str, told: str, written: str) -> None:
    assert features.interval(name, told, "EUR") == written
