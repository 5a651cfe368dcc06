"""Texts that come from data or from an address are shown as they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest

from dashboards import components, shown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Berlin", "Berlin"),
        ("![x](https://elsewhere/p)", r"\!\[x\]\(https\://elsewhere/p\)"),
        ("`code` and **bold**", r"\`code\` and \*\*bold\*\*"),
        ("<img src=x>", r"\<img src=x\>"),
        (":red[alarm] $a$ &lt;", r"\:red\[alarm\] \$a\$ \&lt;"),
        ("two\nlines", "two lines"),
        (None, "None"),
    ],
)
def test_a_text_formats_nothing(text: object, escaped: str) -> None:
    assert shown.plain(text) == escaped
    assert shown.dollars(shown.plain(text)) == escaped


def test_dollars_are_marked_once() -> None:
    assert shown.dollars(r"$5 and \$6") == r"\$5 and \$6"


def test_a_spreadsheet_computes_nothing_from_a_download() -> None:
    kinds = pd.Categorical(["=2", "a", "-"])
    rows = pd.DataFrame({"customer_id": ["=1+1", "@x", "C1"], "kind": kinds, "change": [-1.5, 2.0, None]})
    assert components.csv_file([rows]).read().decode().splitlines() == [
        "customer_id,kind,change", "'=1+1,'=2,-1.5", "'@x,a,2.0", "C1,'-,",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (shown.number, 12345.6, "12,346"), (shown.number, None, "–"), (shown.short, 1234567, "1.23 M"),
        (shown.short, 9999, "9,999"), (shown.share, 0.1234, "12.3 %"), (shown.share, float("nan"), "–"),
        (shown.change, 12.3, "+12"), (shown.change, 0.2, "unchanged"),
        (shown.short, 999_950, "1 M"), (shown.short, 0, "0"), (shown.probability, 0.6999, "69.9 %"),
        (shown.probability, 0.29, "29.0 %"), (shown.probability, None, "–"),
        (shown.rounded, 12.34, "12"), (shown.rounded, 1.234, "1.2"), (shown.decimal, None, "–"),
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


@pytest.mark.parametrize(
    ("lower", "upper", "told"),
    [
        (93, 340_000, "€ 0.1 k to € 340 k"),
        (1766, 1_170_000, "€ 0.002 M to € 1.17 M"),
        (980, 12_000, "€ 0.98 k to € 12 k"),
        (0, 92_600, "€ 0 to € 92.6 k"),
        (78, 9000, "€ 78 to € 9,000"),
        (-12_000, 93, "-€ 12 k to € 0.1 k"),
        (None, 5, ""),
    ],
)
def test_an_interval_has_one_unit(lower: float | None, upper: float, told: str) -> None:
    row = {"value_lower": lower, "value_upper": upper}
    assert components.bounds(row, "value", partial(shown.money, currency="EUR")) == told


def test_what_is_no_money_is_written_as_ever_beside_its_bounds() -> None:
    rows = pd.DataFrame({"p": [0.5], "p_lower": [0.25], "p_upper": [0.75]})
    assert components.estimates(rows, "p", shown.share) == ["50.0 % (25.0 % to 75.0 %)"]
    values = pd.DataFrame({"v": [154_000], "v_lower": [93], "v_upper": [340_000]})
    assert components.estimates(values, "v", shown.short) == ["154 k (0.1 k to 340 k)"]
