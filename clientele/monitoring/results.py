"""What checks find, as rows of the records drift_results and check_results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from clientele.records import Records

PASS, WARN, FAIL, SKIPPED = "pass", "warn", "fail", "skipped"
# What is compared with: rows that a champion learnt from, and customers whom it had still to learn from at its fit.
LEARNT, MET = "learnt", "met"
_ORDER = (SKIPPED, PASS, WARN, FAIL)
MOST_NAMED = 5  # columns in a message


@dataclass(frozen=True)
class Measurement:
    """One measure of one column (or, without a name, of the whole subject)."""

    measure: str
    column: str | None = None
    column_type: str | None = None
    basis: str = "all_rows"
    n_reference: int | None = None
    n_current: int | None = None
    value: float | None = None
    threshold: float | None = None
    severity: str = "warn"
    status: str = PASS
    message: str = ""
    reference: str | None = None  # learnt or met; None for the whole of a subject, and for what has no such reference
    reference_date: date | None = None  # last snapshot of it; that of the result unless given

    @property
    def excess(self) -> float:
        """The value in units of its threshold, without sign; 0 where there is none."""
        return abs(self.value) / abs(self.threshold) if self.value is not None and self.threshold else 0.0

    def __str__(self) -> str:
        value, threshold = (_figure(number) for number in (self.value, self.threshold))
        return f"{self.column or 'all'} {self.measure} {value} (from {threshold})"


@dataclass
class SubjectResult:
    """One check: all measures of one subject. `snapshot_date` is the day that was checked.

    `reference_date` is the last day of what the champion learnt from, or of the one reference that there is.
    """

    subject: str
    asset: str
    kind: str  # features, model_inputs, scores, performance, source
    check_type: str  # drift, performance, volume, freshness
    snapshot_date: date
    reference_date: date | None = None
    model_name: str | None = None
    model_version: str | None = None
    measurements: list[Measurement] = field(default_factory=list)
    note: str = ""
    report: Path | None = None
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """The worst status of its measures; skipped where nothing was measured."""
        return max((m.status for m in self.measurements), key=_ORDER.index, default=SKIPPED)

    @property
    def severity(self) -> str:
        """What a miss means: error where one that is an error was missed, or where all of them would be."""
        is_error = bool(self.measurements) and all(m.severity == "error" for m in self.measurements)
        return "error" if is_error or self.status == FAIL else "warn"

    @property
    def worst(self) -> list[Measurement]:
        """One measure a column, that which exceeds its threshold most; columns that drifted first, the worst first."""
        by_column: dict[str | None, Measurement] = {}
        for m in sorted(self.measurements, key=lambda m: (_ORDER.index(m.status), m.excess, m.measure)):
            if m.value is not None and m.threshold:
                by_column[m.column] = m
        return sorted(by_column.values(), key=lambda m: (-_ORDER.index(m.status), -m.excess, m.column or ""))

    @property
    def missed(self) -> list[Measurement]:
        """Of `worst`, the columns that drifted."""
        return [m for m in self.worst if m.status in (WARN, FAIL)]

    @property
    def unmeasured(self) -> list[Measurement]:
        """Those that failed as they could not be taken."""
        return [m for m in self.measurements if m.status == FAIL and m.value is None]

    @property
    def message(self) -> str:
        """What to know in a sentence: the worst columns with their numbers, then what was particular."""
        missed = self.missed
        named = "; ".join(str(m) + (f": {m.message}" if m.message else "") for m in missed[:MOST_NAMED])
        broken = "; ".join(f"{m.column or 'all'}: {m.message}" for m in self.unmeasured)
        more = f"; and {len(missed) - MOST_NAMED} more" if len(missed) > MOST_NAMED else ""
        why = self.measurements[0].message if self.status == SKIPPED and self.measurements else ""
        plain = self.measurements[0].message if len(self.measurements) == 1 and not (missed or broken) else ""
        return ". ".join(text for text in (named + more, broken, why or plain, self.note) if text)


def over(value: float | None, threshold: float, severity: str) -> str:
    """The status of a value that misses from its threshold on; a negative threshold is missed from below."""
    if value is None:
        return SKIPPED
    is_missed = value >= threshold if threshold >= 0 else value <= threshold
    return (FAIL if severity == "error" else WARN) if is_missed else PASS


def failed_to_measure(severity: str) -> str:
    """The status of what could not be measured for an error: where a miss is one, nobody knows that it is none."""
    return FAIL if severity == "error" else SKIPPED


def record(home: Path, results: Sequence[SubjectResult], run_id: str) -> None:
    """Write all results of a run; written again under the same `run_id`, they replace those before."""
    records, now = Records(home), datetime.now(UTC).replace(tzinfo=None)
    records.append("drift_results", _drift_rows(results, run_id, now), name=run_id)
    # Named apart from the tests of dbt, which belong to the same run.
    records.append("check_results", _check_rows(results, run_id, now), name=f"{run_id}-monitoring")


def _drift_rows(results: Iterable[SubjectResult], run_id: str, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "run_id": run_id,
            "evaluated_at": now,
            "snapshot_date": result.snapshot_date,
            "reference": m.reference,
            "reference_date": m.reference_date or result.reference_date,
            "subject": result.subject,
            "subject_kind": result.kind,
            "model_name": result.model_name,
            "model_version": result.model_version,
            "column_name": m.column,
            "column_type": m.column_type,
            "measure": m.measure,
            "basis": m.basis,
            "n_reference": m.n_reference,
            "n_current": m.n_current,
            "value": m.value,
            "threshold": m.threshold,
            "severity": m.severity,
            "status": m.status,
            "message": m.message or None,
        }
        for result in results
        for m in result.measurements
    ]


def _check_rows(results: Iterable[SubjectResult], run_id: str, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "run_id": run_id,
            "check_name": f"{result.check_type}_{result.subject}",
            "asset_name": result.asset,
            "check_type": result.check_type,
            "severity": result.severity,
            "status": result.status,
            "value": result.worst[0].value if result.worst else None,
            "threshold": result.worst[0].threshold if result.worst else None,
            "message": result.message or None,
            "evaluated_at": now,
            "snapshot_date": result.snapshot_date,
        }
        for result in results
    ]


def _figure(number: float | None) -> str:
    return "none" if number is None else f"{number:.3g}"
