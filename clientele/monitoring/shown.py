"""What the checks found, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clientele.monitoring.results import FAIL, SKIPPED, WARN, SubjectResult

MOST_SHOWN = 3  # columns of one subject


def show(console: Any, results: Sequence[SubjectResult]) -> None:
    """A table of the checks that missed with their worst columns, then the others in a line each kind."""
    from rich.markup import escape
    from rich.table import Table

    missed = [result for result in results if result.status in (WARN, FAIL)]
    if missed:
        table = Table("check", "subject", "status", "column", "measure", "value", "from", "what moved")
        for result in missed:
            for cells in _rows(result):
                table.add_row(*(escape(cell) for cell in cells))
        console.print(table)
    passed = sum(result.status not in (WARN, FAIL, SKIPPED) for result in results)
    skipped = [result for result in results if result.status == SKIPPED]
    console.print(f"{len(results)} checks: {passed} passed, {len(missed)} missed, {len(skipped)} skipped")
    for why, subjects in _by_reason(skipped).items():
        console.print(f"skipped: {', '.join(subjects)}: {why}", markup=False, highlight=False, soft_wrap=True)


def _rows(result: SubjectResult) -> list[list[str]]:
    rows = [
        [
            result.check_type if number == 0 else "",
            result.subject if number == 0 else "",
            result.status if number == 0 else "",
            m.column or "",
            m.measure,
            f"{m.value:.3g}",
            f"{m.threshold:.3g}",
            m.message,
        ]
        for number, m in enumerate(result.missed[:MOST_SHOWN])
    ] or [[result.check_type, result.subject, result.status, "", "", "", "", result.message]]
    more = len(result.missed) - MOST_SHOWN
    return [*rows, ["", "", "", f"and {more} more", "", "", "", ""]] if more > 0 else rows


def _by_reason(results: Sequence[SubjectResult]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for result in results:
        reasons.setdefault(result.message, []).append(f"{result.check_type} of {result.subject}")
    return reasons
