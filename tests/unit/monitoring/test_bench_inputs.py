"""The bench of inputs finds what was put in, and tells by which reference."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.drift import inputs
from bench.drift.page import Options
from tests.unit.monitoring.conftest import DAY

SHIFT = "0.5 standard deviations added"


@pytest.mark.parametrize(
    ("moved_from", "nothing"),
    [
        (None, ["0%", "0%", "0%"]),
        ("2025-04-01", ["50.0%", "0%", "0%"]),  # as it was when the champion was fitted
        (f"{DAY}", ["50.0%", "50.0%", "50.0%"]),
    ],
)
def test_what_came_after_a_fit_is_found_and_what_came_before_is_not(
    home: Path, change: Callable[[str], None], moved_from: str | None, nothing: list[str]
) -> None:
    if moved_from:
        change(f"update features.feat_orders set n_orders_30d = n_orders_30d + 1 where snapshot_date >= '{moved_from}'")
    _, found = inputs.measure(Options(home)).tables
    told = {row[1]: row[2:] for row in found[1:]}
    assert told["nothing"] == ["2", *nothing]
    assert told[SHIFT] == ["1", "100%", "100%", "100%"]
    assert {name.partition(" of ")[2] for name in told} >= {"a category that was never seen"}
