"""Texts that come from data or from an address are shown as they are."""

from __future__ import annotations

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
    rows = pd.DataFrame({"customer_id": ["=1+1", "@x", "C1"], "change": [-1.5, 2.0, None]})
    assert components._csv(rows).decode().splitlines() == ["customer_id,change", "'=1+1,-1.5", "'@x,2.0", "C1,"]
