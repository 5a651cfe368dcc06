"""The smallest change that a customer could make: what hangs together changes together, and holds together after."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from clientele.contract import PROJECT_ROOT
from clientele.explaining.change import Characteristic, Means, band_of_scores, search, smallest_change
from clientele.explaining.units import Unit

Bin = tuple[int, str, int, float | None, float | None]
LATE: list[Bin] = [(0, "below 1", 9, None, 1.0), (1, "1 to < 30", 0, 1.0, 30.0), (2, "30 or more", -12, 30.0, None)]
COUNTED: list[Bin] = [(0, "below 1", 10, None, 1.0), (1, "1 or more", -14, 1.0, None)]
ORDER = ["A", "B", "C"]
BANDS = {score: "A" if score >= 640 else "B" if score >= 600 else "C" for score in range(300, 800)}


def characteristic(name: str, at: int, bins: list[Bin], value: Any = None, **of: Any) -> Characteristic:
    keys = ("bin", "label", "points", "lower", "upper")
    rows: list[dict[str, Any]] = [dict(zip(keys, row, strict=True)) for row in bins]
    row = next(row for row in rows if row["bin"] == at)
    return Characteristic(name, value, at, row["label"], row["points"], 0, rows, words=name, **of)


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
    assert change.score == 510 + 3 * 21 + 2 * 24


def test_points_that_clearing_costs_count_too() -> None:
    """A card that is not monotone, as unseen customers bear out: what is cleared ends at none, the best bin or not."""
    of: dict[str, Any] = {"can_change": "at_once", "moves_with": "arrears", "safer_when": "less"}
    odd: list[Bin] = [(0, "below 1", -5, None, 1.0), (1, "1 to < 50", 20, 1.0, 50.0), (2, "50 or more", 0, 50.0, None)]
    on_time: list[Bin] = [
        (0, "below 0.5", 0, None, 0.5),
        (1, "0.5 to < 1", 9, 0.5, 1.0),
        (2, "1 or more", 7, 1.0, None),
    ]
    arrears = [
        characteristic("n_overdue_instalments", 1, COUNTED, **of),
        characteristic("overdue_amount", 2, odd, **of),
        characteristic("on_time_90d_share", 0, on_time, **of | {"moves_with": "-arrears", "safer_when": "more"}),
    ]
    change = smallest_change(580, arrears, BANDS, ORDER)
    assert change is not None
    assert {step[0]: step[2:] for step in change.steps} == {
        "n_overdue_instalments": ("below 1", 24), "overdue_amount": ("below 1", -5),
        "on_time_90d_share": ("1 or more", 7),
    }  # fmt: skip
    assert change.score == 606
    # By its best bin, 20 points, it would reach the band: but then something is overdue still.
    assert smallest_change(590, arrears[1:2], BANDS, ORDER) is None


def test_what_moves_together_moves_one_way() -> None:
    """Loans that are paid off owe less, though this card gives points for owing more."""
    owed: list[Bin] = [(0, "below 1000", 0, None, 1000.0), (1, "1000 or more", 15, 1000.0, None)]
    runs: list[Bin] = [(0, "below 2", 30, None, 2.0), (1, "2 or more", 0, 2.0, None)]
    few_owed, much_owed = (characteristic("outstanding_principal", at, owed, moves_with="loans") for at in (0, 1))
    open_ = characteristic("n_open_loans", 1, runs, moves_with="loans")
    change = smallest_change(580, [open_, few_owed], BANDS, ORDER)
    assert change is not None
    assert (change.steps, change.score) == ((("n_open_loans", "2 or more", "below 2", 30),), 610)
    change = smallest_change(590, [open_, much_owed], BANDS, ORDER)
    assert change is not None
    assert (sorted(step[3] for step in change.steps), change.score) == ([-15, 30], 605)
    assert smallest_change(580, [open_, much_owed], BANDS, ORDER) is None


def test_a_balance_that_rises_uses_less_of_a_limit() -> None:
    low: list[Bin] = [(0, "below 0", 0, None, 0.0), (1, "0 or more", 10, 0.0, None)]
    used: list[Bin] = [(0, "below 0.5", 12, None, 0.5), (1, "0.5 or more", 0, 0.5, None)]
    of = [
        characteristic("balance", 0, low, moves_with="balance", safer_when="more"),
        characteristic("limit_utilisation", 1, used, moves_with="-balance", safer_when="less"),
    ]
    change = smallest_change(580, of, BANDS, ORDER)
    assert change is not None
    assert {step[0]: step[2] for step in change.steps} == {"balance": "0 or more", "limit_utilisation": "below 0.5"}
    assert change.score == 602


def test_nobody_is_told_to_be_less_safe() -> None:
    gambling: list[Bin] = [(0, "below 1", 0, None, 1.0), (1, "1 or more", 30, 1.0, None)]
    assert smallest_change(590, [characteristic("gambling_90d", 0, gambling)], BANDS, ORDER) is not None
    assert smallest_change(590, [characteristic("gambling_90d", 0, gambling, safer_when="less")], BANDS, ORDER) is None


def test_a_share_of_income_moves_with_either_and_once() -> None:
    income: list[Bin] = [(0, "below 1500", 0, None, 1500.0), (1, "1500 or more", 5, 1500.0, None)]
    costs: list[Bin] = [(0, "below 700", 4, None, 700.0), (1, "700 or more", 0, 700.0, None)]
    share: list[Bin] = [(0, "below 0.4", 10, None, 0.4), (1, "0.4 or more", 0, 0.4, None)]
    of = [
        characteristic("income_90d", 0, income, moves_with="income", safer_when="more"),
        characteristic("fixed_costs_90d", 1, costs, moves_with="regular costs"),
        characteristic("fixed_costs_to_income_90d", 1, share, moves_with="regular costs, -income", safer_when="less"),
    ]
    change = smallest_change(585, of, BANDS, ORDER)
    assert change is not None
    assert {step[0]: step[3] for step in change.steps} == {"income_90d": 5, "fixed_costs_to_income_90d": 10}
    change = smallest_change(586, of, BANDS, ORDER)
    assert change is not None
    assert {step[0] for step in change.steps} == {"fixed_costs_90d", "fixed_costs_to_income_90d"}
    # Both would give 19, and the share moves once.
    assert smallest_change(580, of, BANDS, ORDER) is None


def test_parts_of_the_seed_agree_on_what_is_safer() -> None:
    """Were one safer when the part rises and another when it falls, either way would be proposed."""
    path = PROJECT_ROOT / "dbt_project" / "seeds" / "credit_reason_texts.csv"
    towards: dict[str, set[str]] = {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        for part in filter(None, map(str.strip, row["moves_with"].split(","))):
            falls = {"more": "less", "less": "more", "": ""} if part.startswith("-") else {}
            safer = falls.get(row["safer_when"], row["safer_when"])
            towards.setdefault(part.removeprefix("-"), set()).add(safer)
    assert {part: safer - {""} for part, safer in towards.items() if len(safer - {""}) > 1} == {}
    assert towards["loans"] == {"less"}
    assert towards["balance"] == {"more"}


def test_a_score_in_a_gap_between_bands_has_none() -> None:
    bands = [{"band": "A", "pd_from": 0.0, "pd_to": 0.1}, {"band": "B", "pd_from": 0.2, "pd_to": 1.1}]
    pds = [{"score": score, "pd": pd} for score, pd in ((600, 0.05), (580, 0.15), (560, 0.2))]
    assert band_of_scores(pds, bands) == {600: "A", 560: "B"}


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
    """One bin each would be 26 or more days past due now, and none in the last 90 days."""
    now: list[Bin] = [
        (0, "below 26", 20, None, 26.0),
        (1, "26 to < 30", 12, 26.0, 30.0),
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
        ("days_past_due", "30 or more", "below 26"),
        ("days_past_due_max_90d", "1 or more", "below 1"),
    }


def test_of_the_best_band_it_is_told_what_loses_it() -> None:
    change = smallest_change(645, [characteristic("days_past_due", 0, LATE)], BANDS, ORDER)
    assert change is not None
    assert change.steps == (("days_past_due", "below 1", "1 to < 30", -9),)


PAST: list[Bin] = [(0, "below 3", 10, None, 3.0), (1, "3 or more", 0, 3.0, None)]
HISTORY: dict[str, Any] = {"can_change": "by_waiting", "moves_with": "arrears", "safer_when": "less"}


def test_what_is_history_leaves_its_window_and_not_before() -> None:
    """Nothing was late in the last 30 days: what was leaves the 90 days 60 days from now at the latest."""
    clean = characteristic("days_past_due_max_30d", 0, PAST, 0, **HISTORY)
    late = characteristic("days_past_due_max_90d", 1, PAST, 12, **HISTORY)
    change = smallest_change(595, [clean, late], BANDS, ORDER)
    assert change is not None
    assert [(step[0], change.days) for step in change.steps] == [("days_past_due_max_90d", 60)]
    # Late by 2 days it is in the best bin, and has to leave its own window first.
    barely = characteristic("days_past_due_max_30d", 0, PAST, 2, **HISTORY)
    change = smallest_change(595, [barely, late], BANDS, ORDER)
    assert change is not None
    assert change.days == 90


def test_what_was_late_does_not_leave_with_a_payment() -> None:
    """Paid today, the last 30 days hold it for 30 days more."""
    now = characteristic("days_past_due", 1, COUNTED, 17, can_change="at_once", moves_with="arrears")
    late = characteristic("days_past_due_max_30d", 1, PAST, 17, **HISTORY)
    paid, waited = (smallest_change(score, [now, late], BANDS, ORDER) for score in (580, 570))
    assert paid is not None
    assert waited is not None
    assert ([step[0] for step in paid.steps], paid.days) == (["days_past_due"], 0)
    assert ([step[0] for step in waited.steps], waited.days) == (["days_past_due", "days_past_due_max_30d"], 30)


def test_a_share_on_time_of_90_days_may_be_better_than_that_of_a_year() -> None:
    share: list[Bin] = [(0, "below 0.7", 0, None, 0.7), (1, "0.7 to < 1", 5, 0.7, 1.0), (2, "1 or more", 20, 1.0, None)]
    of = HISTORY | {"moves_with": "-arrears", "safer_when": "more"}
    shares = [characteristic(f"on_time_{days}d_share", 0, share, 0.5, **of) for days in (90, 365)]
    change = smallest_change(590, shares, BANDS, ORDER)
    assert change is not None
    assert change.days == 90


@pytest.mark.parametrize(("income", "is_within_reach"), [(1700.0, True), (1200.0, False)])
def test_income_rises_by_a_fifth_and_no_further(income: float, is_within_reach: bool) -> None:
    bins: list[Bin] = [(0, "below 2000", 0, None, 2000.0), (1, "2000 or more", 15, 2000.0, None)]
    change = smallest_change(590, [characteristic("income_180d", 0, bins, income, moves_with="income")], BANDS, ORDER)
    assert (change.days if change else None) == (180 if is_within_reach else None)


def test_a_balance_rises_by_what_is_left_of_income() -> None:
    bins: list[Bin] = [(0, "below 1000", 0, None, 1000.0), (1, "1000 or more", 15, 1000.0, None)]
    of: dict[str, Any] = {"moves_with": "balance", "safer_when": "more", "unit": Unit(is_money=True)}
    balance = characteristic("balance", 0, bins, 100.0, **of)
    assert smallest_change(590, [balance], BANDS, ORDER) is None
    assert smallest_change(590, [balance], BANDS, ORDER, Means(monthly=100)) is None
    change = smallest_change(590, [balance], BANDS, ORDER, Means(monthly=300))
    assert change is not None
    assert change.days == 90


def test_what_is_missing_can_be_shown_and_counts_as_what_is_usual() -> None:
    rows: list[Bin] = [(-1, "missing", 0, None, None), (0, "below 9", 5, None, 9.0), (1, "9 or more", 30, 9.0, None)]
    missing = characteristic("balance", -1, rows, can_be_shown=True)
    for row, n in zip(missing.bins, (50, 20, 10), strict=True):
        row["n"] = n
    change = smallest_change(596, [missing], BANDS, ORDER)
    assert change is not None
    assert (change.steps, change.days) == ((("balance", "missing", "below 9", 5),), 0)
    assert smallest_change(590, [missing], BANDS, ORDER) is None


def test_where_nothing_leads_far_enough_it_is_told_how_far_it_leads() -> None:
    bins: list[Bin] = [(0, "below 2000", 0, None, 2000.0), (1, "2000 or more", 15, 2000.0, None)]
    income = characteristic("income_180d", 0, bins, 1900.0)
    assert search(590, [income], lambda score: score > 610) == (None, 605)


def test_what_must_be_put_right_is_even_where_it_costs_points() -> None:
    odd: list[Bin] = [(0, "below 1", -5, None, 1.0), (1, "1 or more", 0, 1.0, None)]
    now = characteristic("overdue_amount", 1, odd, 70.0, can_change="at_once", moves_with="arrears")
    change, _ = search(600, [now], lambda _: True, Means(must=["arrears"]))
    assert change is not None
    assert change.score == 595


def test_in_a_time_that_passes_anyhow_windows_are_left_too() -> None:
    """Who must stay free of default for 90 days has 90 clean days by then."""
    now = characteristic("days_past_due", 1, COUNTED, 95, can_change="at_once", moves_with="arrears")
    late = characteristic("days_past_due_max_90d", 1, PAST, 95, **HISTORY)
    change, _ = search(560, [now, late], lambda _: True, Means(must=["arrears"], waited=90))
    assert change is not None
    assert (change.score, change.days) == (560 + 24 + 10, 90)
