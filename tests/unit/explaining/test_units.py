"""Values and ranges as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from clientele.explaining.units import Unit, unit_of

SHARE, MONEY, DAYS, COUNT = Unit(is_share=True), Unit(is_money=True, word="EUR"), Unit(word="days"), Unit()


def bin_of(lower: float | None, upper: float | None) -> dict[str, Any]:
    return {"bin": 0, "label": "as it is stored", "lower": lower, "upper": upper}


@pytest.mark.parametrize(
    ("unit", "lower", "upper", "said"),
    [
        (SHARE, 0.462247, 0.4721, "46.2 to below 47.2 %"),
        (SHARE, 1.0, None, "100 %"),
        (SHARE, None, 0.0063, "below 0.6 %"),
        (MONEY, 2940.0, 4133.0, "2,940 to below 4,133 EUR"),
        (MONEY, -540.4, None, "-540 EUR or more"),
        (DAYS, 1.0, None, "1 day or more"),
        (DAYS, None, 3.0, "below 3 days"),
        (COUNT, None, 1.0, "none"),
        (COUNT, None, None, "as it is stored"),
    ],
)
def test_a_range_is_told_in_its_unit(unit: Unit, lower: float | None, upper: float | None, said: str) -> None:
    assert unit.range(bin_of(lower, upper)) == said


def test_a_goal_is_its_near_edge() -> None:
    assert SHARE.goal(bin_of(0.433, 0.448), rises=False) == "below 44.8 %"
    assert SHARE.goal(bin_of(0.433, 0.448), rises=True) == "43.3 % or more"


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [
        (SHARE, 0.4761, "48 %"),
        (MONEY, 0.0, "0 EUR"),
        (DAYS, 523.7, "524 days"),
        (DAYS, 1, "1 day"),
        (COUNT, None, "unknown"),
    ],
)
def test_a_value_is_told_in_its_unit(unit: Unit, value: Any, said: str) -> None:
    assert unit.value(value) == said


@pytest.mark.parametrize(
    ("characteristic", "text", "multiplier", "unit"),
    [
        ("income_90d", "Income of {value} {currency}", 1.0, MONEY),
        ("on_time_90d_share", "{value} % were paid on time", 100.0, SHARE),
        ("days_past_due_max_30d", "Most days: {value}", 1.0, DAYS),
        ("n_open_loans", "Loans: {value}", 1.0, COUNT),
    ],
)
def test_the_seed_says_what_a_characteristic_is_told_in(
    characteristic: str, text: str, multiplier: float, unit: Unit
) -> None:
    row = {"characteristic": characteristic, "text": text, "multiplier": multiplier, "decimals": 0}
    assert unit_of(row, "EUR") == unit
