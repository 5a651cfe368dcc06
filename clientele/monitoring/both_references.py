"""Inputs of a model drift where they are unlike both what it learnt from and whom it first met.

What a champion learnt from is as old as its window is long: where that has come to look otherwise by the day of the
fit, another fit learns from days as old and changes nothing. Whom it first met are customers of the training days that
had come by then, which a fit does renew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clientele.monitoring.exact import Days
from clientele.monitoring.noise import ROWS_WITH_TAIL
from clientele.monitoring.results import FAIL, LEARNT, MET, PASS, SKIPPED, WARN, Measurement

OTHER = {LEARNT: MET, MET: LEARNT}
EXCUSES = {
    LEARNT: "unlike what it learnt from, but not whom it first met",
    MET: "unlike whom it first met, but not what it learnt from",
}


def is_enough(met: Days, learnt: Days) -> bool:
    """Whether whom a champion met can excuse anything: the bounds of few customers are so wide that they excuse all.

    Where it learnt from no more of them, the bounds of both are.
    """
    return met.customers >= min(ROWS_WITH_TAIL, learnt.customers)


def confirmed(measures: Sequence[Measurement]) -> list[Measurement]:
    """Measures of columns against both references: those beyond their thresholds against one alone pass, and say so.

    What could not be measured against one of them, the other decides.
    """
    drifted = drifted_columns(measures)
    return [
        replace(m, status=PASS, message=". ".join(filter(None, [EXCUSES[m.reference or LEARNT], m.message])))
        if _is_missed(m) and m.column not in drifted
        else m
        for m in measures
    ]


def drifted_columns(measures: Sequence[Measurement]) -> set[str | None]:
    """Columns that missed against both references, or by a measure that could not be taken against the other."""
    missed = {(m.reference, m.column) for m in measures if _is_missed(m)}
    taken = {(m.reference, m.column, m.measure) for m in measures if m.value is not None}
    return {
        m.column
        for m in measures
        if _is_missed(m)
        and ((other := OTHER[m.reference or LEARNT], m.column) in missed or (other, m.column, m.measure) not in taken)
    }


def share_of_columns(measures: Sequence[Measurement]) -> Measurement:
    """The share of columns that drifted: what a model is fitted anew for.

    It repeats what the columns say, so it raises no alarm of its own.
    """
    measured = {m.column for m in measures if m.value is not None}
    drifted = {m.column for m in measures if _is_missed(m)}
    share = len(drifted) / len(measured) if measured else None
    return Measurement(
        "drifted_column_share", value=share, status=PASS if measured else SKIPPED,
        message=f"{len(drifted)} of {len(measured)} columns",
    )  # fmt: skip


def excused(measures: Sequence[Measurement]) -> str:
    """How many columns are unlike what the champion learnt from, and were so when it was fitted."""
    columns = {m.column for m in measures if m.reference == LEARNT and m.status == PASS and m.excess >= 1}
    subject = "1 column is" if len(columns) == 1 else f"{len(columns)} columns are"
    return f"{subject} {EXCUSES[LEARNT]}" if columns else ""


def _is_missed(m: Measurement) -> bool:
    return m.value is not None and m.status in (WARN, FAIL)
