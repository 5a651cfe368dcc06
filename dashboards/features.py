"""What features are called on pages, and how their values are written: by features.yml, else by their own name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

from dashboards import shown

WORDS = Path(__file__).with_name("features.yml")
_WINDOW = re.compile(r"_(?:(\d+)d|lifetime)(?=_|$)")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
_TEXTS = ("varchar", "string", "text")
_TIMES = ("timestamp", "date")
_ENDS = {"_share": "share", "_days": "days", "_s": "seconds"}


@cache
def _words() -> tuple[dict[str, str], dict[str, str]]:
    """The names of features, and their units."""
    told = yaml.safe_load(WORDS.read_text())
    return told["names"], {feature: unit for unit, those in told["units"].items() for feature in those}


def label(name: str) -> str:
    """n_orders_90d is Orders, 90 days; on_time_90d_share is Share of instalments paid on time, 90 days."""
    names, _units = _words()
    window, stem = _WINDOW.search(name), _WINDOW.sub("", name)
    plain = names.get(stem) or shown.words(stem.removeprefix("n_"))
    if window is None:
        return plain
    return f"{plain}, {f'{window[1]} days' if window[1] else 'lifetime'}"


def labels(tables: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Of columns of tables, as these are called: two that would share a label say what their column is."""
    plain = [f"{table}: {label(column)}" for table, column in zip(tables, columns, strict=True)]
    those: dict[str, set[str]] = {}
    for name, column in zip(plain, columns, strict=True):
        those.setdefault(name, set()).add(column)
    return [f"{name} ({column})" if len(those[name]) > 1 else name for name, column in zip(plain, columns, strict=True)]


def unit(name: str) -> str:
    """The unit of the values of a feature; empty where they are counted, or have none."""
    stem = _WINDOW.sub("", name)
    found = _words()[1].get(stem)
    return found or next((kind for end, kind in _ENDS.items() if stem.endswith(end)), "")


def value(name: str, value: float, data_type: str, currency: str) -> str:
    """The value of a feature with its unit; nothing of a text or a time, of which a score keeps a number alone."""
    kind = data_type.lower()
    if kind.startswith((*_TEXTS, *_TIMES)):
        return ""
    if pd.isna(value):
        return "not known"
    if kind == "boolean":
        return "yes" if value else "no"
    match unit(name):
        case "money":
            return shown.money(value, currency)
        case "share":
            return shown.share(value)
        case "times":
            return f"{value:.2f} times"
        case "seconds":
            return duration(value)
        case "days" | "years" as period:
            return f"{shown.rounded(value)} {period}"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:,.2f}"


def interval(name: str, told: str, currency: str) -> str:
    """An interval of a scorecard in the unit of its feature: 0.0801 to < 0.087 of a share is 8.01 % to < 8.7 %."""
    if told == "missing":
        return "not known"
    match kind := unit(name):
        case "share":
            return _NUMBER.sub(lambda found: f"{_float(found[0]) * 100:.4g} %", told)
        case "money":
            return _NUMBER.sub(lambda found: shown.money(_float(found[0]), currency), told)
        case "days" | "years":
            return f"{told} {kind}"
    return told


def _float(written: str) -> float:
    return float(written.replace(",", ""))


def duration(seconds: float) -> str:
    """2819 s are 47 min."""
    for size, name in ((3600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{shown.rounded(seconds / size).removesuffix('.0')} {name}"
    return f"{seconds:,.0f} s"
