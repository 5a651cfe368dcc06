"""Numbers on the cells of heat maps can be read, in both themes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

import pytest

from clientele.contract import PROJECT_ROOT
from dashboards import components
from dashboards.views import models

THEME = tomllib.loads((PROJECT_ROOT / "dashboards/.streamlit/config.toml").read_text())["theme"]
LEAST = 4.0  # of WCAG's 21; black and white on the grey between them have 4.6


def channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def between(colours: Sequence[str], at: Sequence[float], value: float) -> list[float]:
    """The shade of a value, on a scale that has some colours at some values."""
    upper = next(number for number, end in enumerate(at) if number and value <= end)
    part = (value - at[upper - 1]) / (at[upper] - at[upper - 1])
    return [
        (1 - part) * low + part * high
        for low, high in zip(channels(colours[upper - 1]), channels(colours[upper]), strict=True)
    ]


def luminance(shade: Sequence[float]) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in shade]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """As WCAG 2.2 defines it: 1 for equal colours, 21 for black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least(colours: Sequence[str], at: Sequence[float], turns_at: tuple[float, float]) -> float:
    """The lowest contrast of a number with its cell, over the whole scale."""
    written = components.on_shade("n", turns_at)
    ((limit,),) = [re.findall(r"> ([\d.]+)", str(written["condition"]["test"]))]
    values = [at[0] + (at[-1] - at[0]) * step / 200 for step in range(201)]
    return min(
        contrast(
            between(colours, at, value),
            channels((written["condition"] if value > float(limit) else written)["value"]),
        )
        for value in values
    )


@pytest.mark.parametrize("is_dark", [False, True])
def test_numbers_on_heat_maps_can_be_read(is_dark: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "is_dark", lambda: is_dark)
    shades = (THEME["dark"] if is_dark else THEME)["chartSequentialColors"]
    assert least(shades, [number / 9 for number in range(10)], components.of_most(1)) > LEAST
    assert least(components.rising(), [0, 1, 3], models.SHADE_TURNS_AT) > LEAST
    ink = channels(components.ink()["value"])
    assert min(contrast(channels(shade), ink) for shade in components.diverging()) > LEAST
    assert least(shades, [number / 9 for number in range(10)], (0.2, 0.8)) < LEAST
