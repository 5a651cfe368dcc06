"""The smallest change that a customer could make: what hangs together changes together, and holds together after."""

from __future__ import annotations

from typing import Any

import pytest

from clientele.explaining.change import Characteristic, smallest_change

Bin = tuple[int, str, int, float | None, float | None]
LATE: list[Bin] = [(0, "below 1", 9, None, 1.0), (1, "1 to < 30", 0, 1.0, 30.0), (2, "30 or more", -12, 30.0, None)]
COUNTED: list[Bin] = [(0, "below 1", 10, None, 1.0), (1, "1 or more", -14, 1.0, None)]
ORDER = ["A", "B", "C"]
BANDS = {score: "A" if score >= 640 else "B" if score >= 600 else "C" for score in range(300, 800)}


def characteristic(name: str, at: int, bins: list[Bin], **of: Any) -> Characteristic:
    keys = ("bin", "label", "points", "lower", "upper")
    rows: list[dict[str, Any]] = [dict(zip(keys, row, strict=True)) for row in bins]
    row = next(row for row in rows if row["bin"] == at)
    return Characteristic(name, None, at, row["label"], row["points"], 0, rows, words=name, **of)


def in_arrears() -> list[Characteristic]:
    of: dict[str, Any] = {"can_change": "at_once", "moves_with": "arrears"}
    return [
        characteristic("days_past_due", 2, LATE, **of),
        characteristic("days_past_due_max_30d", 2, LATE, **of),
        characteristic("days_past_due_max_90d", 2, LATE, **of),
        characteristic("n_overdue_instalments", 1, COUNTED, **of),
        characteristic("overdue_amount", 1, COUNTED, **of),
    ]


def test_arrears_are_cleared_as_a_whole_and_count_as_one_change() -> None:
    change = smallest_change(510, in_arrears(), BANDS, ORDER)
    assert change is not None
    assert {(step[0], step[2]) for step in change.steps} == {(one.name, "below 1") for one in in_arrears()}
    assert (change.score, change.band) == (510 + 3 * 21 + 2 * 24, "B")


def test_nobody_is_told_to_be_older() -> None:
    age = characteristic("account_age_days", 0, [(0, "below 300", -9, None, 300.0), (1, "300 or more", 9, 300.0, None)])
    assert smallest_change(590, [age], BANDS, ORDER) is not None
    never = characteristic(
        "account_age_days", 0, [(0, "", -9, None, 300.0), (1, "", 9, 300.0, None)], can_change="never"
    )
    assert smallest_change(590, [never], BANDS, ORDER) is None


def test_what_is_missing_is_not_made_up() -> None:
    missing = characteristic("balance", -1, [(-1, "missing", 0, None, None), (0, "any", 30, None, None)])
    assert smallest_change(590, [missing], BANDS, ORDER) is None


@pytest.mark.parametrize(("together", "names"), [(None, {"income_30d"}), ("income", {"income_30d", "income_90d"})])
def test_a_longer_window_holds_what_the_shorter_one_does(together: str | None, names: set[str]) -> None:
    """An income of 2,000 in 30 days is one of at least 2,000 in 90."""
    short: list[Bin] = [(0, "below 2000", 0, None, 2000.0), (1, "2000 or more", 15, 2000.0, None)]
    long: list[Bin] = [(0, "below 1500", 0, None, 1500.0), (1, "1500 or more", 4, 1500.0, None)]
    income = [
        characteristic("income_90d", 0, long, moves_with=together),
        characteristic("income_30d", 0, short, moves_with=together),
    ]
    change = smallest_change(590, income, BANDS, ORDER)
    assert change is not None
    assert {step[0] for step in change.steps} == names


def test_a_step_that_cannot_be_is_passed_over() -> None:
    """One bin each would be 10 or more days past due now, and none in the last 90 days."""
    now: list[Bin] = [
        (0, "below 10", 20, None, 10.0),
        (1, "10 to < 30", 12, 10.0, 30.0),
        (2, "30 or more", 0, 30.0, None),
    ]
    past: list[Bin] = [(0, "below 1", 10, None, 1.0), (1, "1 or more", 0, 1.0, None)]
    late = [
        characteristic("days_past_due", 2, now, moves_with="arrears"),
        characteristic("days_past_due_max_90d", 1, past, moves_with="arrears"),
    ]
    change = smallest_change(580, late, BANDS, ORDER)
    assert change is not None
    assert {step[:3] for step in change.steps} == {
        ("days_past_due", "30 or more", "below 10"),
        ("days_past_due_max_90d", "1 or more", "below 1"),
    }


def test_of_the_best_band_it_is_told_what_loses_it() -> None:
    change = smallest_change(645, [characteristic("days_past_due", 0, LATE)], BANDS, ORDER)
    assert change is not None
    assert change.steps == (("days_past_due", "below 1", "1 to < 30", -9),)
