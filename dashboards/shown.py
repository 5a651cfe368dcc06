"""How figures are written: short, with their unit, and a dash for what is not known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pandas as pd

SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
_MARKS = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~$:&]")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # that a text in a spreadsheet begins with where it is computed
NOTHING = "–"
STEPS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def _is_nothing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def number(value: Any) -> str:
    """12345.6 is 12,346."""
    return NOTHING if _is_nothing(value) else f"{float(value):,.0f}"


def short(value: Any, of: float | None = None) -> str:
    """1234567 is 1.23 M; below ten thousand it is written out, but beside a larger one in its unit: 93 as 0.1 k."""
    if _is_nothing(value):
        return NOTHING
    value, largest = float(value), abs(float(value) if of is None else of)
    for size, letter in STEPS:
        if largest >= 10 * size if letter == "k" else _three(largest / size) >= 1:
            return f"{_of_unit(value / size)} {letter}" if value else "0"
    return f"{value:,.0f}"


def _three(value: float) -> float:
    """With three digits, of which the last is rounded: 999.9 is 1000."""
    return float(f"{value:.3g}")


def _of_unit(value: float) -> str:
    """With three digits; below one with a single place, or as many as it takes to show the first digit."""
    if abs(value) >= 0.95:
        return f"{_three(value):g}"
    return f"{value:.1f}" if abs(value) >= 0.05 else f"{value:.{-math.floor(math.log10(abs(value)))}f}"


def money(value: Any, currency: str, of: float | None = None) -> str:
    """1234567 is € 1.23 M; in the unit of a larger one that it stands beside."""
    if _is_nothing(value):
        return NOTHING
    sign = "-" if float(value) < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency)} {short(abs(float(value)), of)}"


def alike(write: Callable[..., str], *values: Any) -> list[str]:
    """Figures of one interval, in one unit, that of the largest: € 0.1 k and € 340 k."""
    if getattr(write, "func", write) not in (short, money):
        return [write(value) for value in values]
    largest = max((abs(float(value)) for value in values if not _is_nothing(value)), default=0.0)
    return [write(value, of=largest) for value in values]


def decimal(value: Any) -> str:
    """3.14159 is 3.14."""
    return NOTHING if _is_nothing(value) else f"{float(value):,.2f}"


def rounded(value: Any) -> str:
    """12.34 is 12, 1.234 is 1.2: two digits, or all before the point."""
    if _is_nothing(value):
        return NOTHING
    return f"{float(value):,.0f}" if abs(float(value)) >= 10 else f"{float(value):.1f}"


def exact_money(value: Any, currency: str) -> str:
    """0.4567 is € 0.46."""
    return NOTHING if _is_nothing(value) else f"{SYMBOLS.get(currency, currency)} {float(value):,.2f}"


def change(value: Any) -> str:
    """12.3 is +12, and what is no change is so."""
    return NOTHING if _is_nothing(value) else f"{float(value):+,.0f}" if round(float(value)) else "unchanged"


def money_change(value: Any, currency: str) -> str:
    """1234567 is +€ 1.23 M, and what is no change at that precision is so."""
    if _is_nothing(value):
        return NOTHING
    if short(abs(float(value))) == "0":
        return "unchanged"
    return ("+" if float(value) >= 0 else "") + money(value, currency)


def share(value: Any, digits: int = 1) -> str:
    """0.1234 is 12.3 %."""
    return NOTHING if _is_nothing(value) else f"{float(value) * 100:.{digits}f} %"


def probability(value: Any, digits: int = 1) -> str:
    """0.6996 is 69.9 %: rounded down, so that none seems to reach a threshold that it lies below."""
    if _is_nothing(value):
        return NOTHING
    return f"{math.floor(round(float(value) * 10 ** (2 + digits), 6)) / 10**digits:.{digits}f} %"


def day(value: Any) -> str:
    """1 Jan 2026."""
    if _is_nothing(value):
        return NOTHING
    return f"{value.day} {value:%b %Y}" if isinstance(value, date | datetime) else str(value)


def moment(value: Any) -> str:
    """1 Jan 2026, 06:10 UTC."""
    return NOTHING if _is_nothing(value) else f"{value.day} {value:%b %Y, %H:%M} UTC"


def between(lower: str, upper: str) -> str:
    """The bounds of an estimate; nothing where it has none."""
    return "" if NOTHING in (lower, upper) else f"{lower} to {upper}"


def with_bounds(value: str, lower: str, upper: str) -> str:
    """An estimate and its bounds: 71.0 % (30.5 % to 92.2 %), in one unit where they share it."""
    bounds = between(lower, upper)
    return f"{value} ({bounds})" if bounds else value


def plural(count: Any, noun: str) -> str:
    """1 customer, 2 customers."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def words(name: str) -> str:
    """risk_level is Risk level; the part of a model stands behind a comma."""
    return name.replace("_", " ").replace(".", ", ").capitalize()


def plain(value: object) -> str:
    """A text from data or from the address as it is: no mark in it formats, links, fetches or computes anything."""
    return _MARKS.sub(r"\\\g<0>", " ".join(str(value).split()))


def cell(value: object) -> object:
    """A value for a spreadsheet: a text that one would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULAS else value


def dollars(line: str) -> str:
    """A line whose dollars are marked, if they are not yet: two of them would be taken for a formula."""
    return re.sub(r"(?<!\\)\$", r"\\$", line)
