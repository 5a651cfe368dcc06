"""Drift of feature groups, model inputs and scores: a snapshot against what the champion learnt from, or first met."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from clientele.monitoring import exact, references, sampled, subjects
from clientele.monitoring.both_references import confirmed, excused, is_enough, share_of_columns
from clientele.monitoring.columns import ColumnCheck
from clientele.monitoring.exact import Comparison, Days
from clientele.monitoring.results import LEARNT, MET, SKIPPED, Measurement, SubjectResult, failed_to_measure
from clientele.monitoring.sampled import Sample
from clientele.monitoring.settings import Settings
from clientele.monitoring.subjects import Subject
from clientele.querying import open_build

Progress = Callable[[str], None]

# The engine works on one while Evidently works on another; more would wait for each other.
AT_A_TIME = 2
CALM_COLUMNS = 3  # in a report, the nearest to their thresholds, where fewer drifted


class NoSnapshotError(Exception):
    """The day was not built for all customers; the message names days that were."""


def check_drift(
    home: Path,
    *,
    snapshot_date: date | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> list[SubjectResult]:
    """Every feature group, and the inputs and scores of every champion, on one day against their reference.

    The day is the newest that was built for all customers unless `snapshot_date` says otherwise. Writes a report per
    subject to ``<home>/reports/drift/<day>/<subject>.html`` and removes those of days long past; records nothing. A
    subject without reference or without rows is skipped, with the reason in its message.
    Raises NoBuildError, NoSnapshotError, SettingsError.
    """
    settings, reports = settings or Settings.of_home(home), home / "reports" / "drift"
    with open_build(home) as connection:
        day = snapshot_day(connection, snapshot_date)
        found = subjects.find(subjects.Catalog(connection, day), settings.drift_reference_model)

        def check(subject: Subject) -> SubjectResult:
            (progress or _unseen)(subject.name)
            # Of its own, as what is registered and temporary belongs to a cursor.
            with connection.cursor() as cursor:
                return _Check(cursor, subject, day, settings).made(reports / f"{day}")

        with sampled.quiet(), ThreadPoolExecutor(AT_A_TIME) as pool:
            results = list(pool.map(check, found))
    forget_reports(reports, settings.drift_reports_kept)
    return results


def snapshot_day(connection: duckdb.DuckDBPyConnection, wanted: date | None = None) -> date:
    """The day to check: `wanted`, or the newest snapshot of all customers. Raises NoSnapshotError."""
    try:
        rows = connection.execute(
            "select snapshot_date from intermediate.int_core__snapshots where is_full order by snapshot_date desc"
        ).fetchall()
    except duckdb.CatalogException:
        rows = []
    days = [row[0] for row in rows]
    if not days:
        raise NoSnapshotError("no day has been built for all customers: run `clientele run` first.")
    if wanted and wanted not in days:
        there = ", ".join(str(day) for day in days[:5])
        raise NoSnapshotError(f"{wanted} was not built for all customers; these days were: {there}")
    return wanted or days[0]


def forget_reports(folder: Path, days: int) -> None:
    """Remove the reports of all but the newest `days` days."""
    there = sorted(path for path in folder.glob("*") if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name))
    for path in there[:-days]:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class _Check:
    """One subject on its way to a result."""

    connection: duckdb.DuckDBPyConnection
    subject: Subject
    day: date
    settings: Settings

    def made(self, folder: Path) -> SubjectResult:
        started, subject = time.monotonic(), self.subject
        result = SubjectResult(
            subject.name, subject.table, subject.kind, "drift", self.day,
            model_name=subject.model_name, model_version=subject.model_version,
        )  # fmt: skip
        if subject.why_not:
            result.measurements = [self._skipped(subject.why_not)]
        else:
            try:
                self._compare(result, folder)
            except Exception as error:  # one odd table must not take the other checks with it
                result.measurements = [self._failed(f"{type(error).__name__}: {error}")]
        result.seconds = time.monotonic() - started
        return result

    def _compare(self, result: SubjectResult, folder: Path) -> None:
        try:
            check = replace(self, subject=self._scored()) if self.subject.scored_by else self
        except Exception as error:  # a champion that cannot be asked must not take the other checks with it
            why = f"the champion cannot score its reference: {type(error).__name__}: {error}"
            result.measurements = [self._failed(why)]
            return
        days = exact.days_of(self.connection, check.subject.reference)
        if days is None:
            result.measurements = [self._skipped("the reference has no rows")]
            return
        result.reference_date = days.last
        check._measure(result, days, folder)

    def _scored(self) -> Subject:
        """The subject with its reference scored by the champion, as of the day that is checked."""
        champion, settings = self.subject.scored_by, self.settings
        assert champion is not None
        rows = references.drawn(self.subject.reference, rows=settings.drift_sample_rows, seed=settings.seed)
        told = references.scored(self.connection, champion.model, champion.model_name, rows, self.day)
        name = f"scores_of_{champion.model}"
        self.connection.register(name, told)
        # The table of scores keeps columns that no version writes any more.
        columns = tuple(column for column in self.subject.columns if column.name in told.column_names)
        return replace(self.subject, reference=f"select * from {name}", columns=columns, scored_by=None)

    def _measure(self, result: SubjectResult, days: Days, folder: Path) -> None:
        side = LEARNT if self.subject.kind != "scores" else MET
        measures, drawn = self._against(self.subject.reference, days, side)
        if not measures:
            result.measurements = [self._skipped(f"{self.day} has no rows")]
            return
        left_out = _left_out(measures)
        if self.subject.met:
            # Joined once, as it is read four times.
            self.connection.execute(f"create or replace temp table met as {self.subject.met}")
            met = exact.days_of(self.connection, "select * from met")
            if met and is_enough(met, days):
                measures = confirmed([*measures, *self._against("select * from met", met, MET)[0]])
            elif met:
                result.note = f"not compared with the {met.customers} customers whom it first met: too few"
        result.measurements = [*measures, share_of_columns(measures)]
        result.note = ". ".join(filter(None, [result.note, excused(measures), left_out]))
        self._report(result, drawn, folder, side)

    def _against(self, reference: str, days: Days, side: str) -> tuple[list[Measurement], list[Sample]]:
        """All measures of all columns against a reference, and what Evidently drew; none where the day has no rows."""
        learnt = exact.learn(self.connection, reference, self.subject.columns, days)
        compared = exact.compare(self.connection, learnt, self.subject.current)
        if not any(comparison.current.n for comparison in compared):
            return [], []
        drawn = {sample.column.name: sample for sample in self._samples(reference, compared, days)}
        measures: list[Measurement] = []
        for comparison in compared:
            name = comparison.column.name
            check = ColumnCheck(comparison, drawn.get(name), self.settings, self._severity(name))
            measures += [replace(m, reference=side, reference_date=days.last) for m in check.measurements()]
        return measures, list(drawn.values())

    def _samples(self, reference: str, compared: Sequence[Comparison], days: Days) -> list[Sample]:
        return sampled.samples(
            self.connection,
            reference=reference,
            current=self.subject.current,
            columns=[c.column for c in compared if not c.has_too_many_categories],
            newest=days.last,
            rows=self.settings.drift_sample_rows,
            seed=self.settings.seed,
        )

    def _severity(self, column: str = "") -> str:
        table, name = self.subject.table, self.subject.name
        return self.settings.severity(table, name, f"{table}.{column}", f"{name}.{column}")

    def _skipped(self, why: str) -> Measurement:
        return Measurement("psi", status=SKIPPED, severity=self._severity(), message=why)

    def _failed(self, why: str) -> Measurement:
        # An error where any of its columns is named as one: of none is known that it is well.
        columns = [self._severity(column.name) for column in self.subject.columns]
        severity = max([self._severity(), *columns], key=("warn", "error").index)
        return Measurement("psi", status=failed_to_measure(severity), severity=severity, message=why)

    def _report(self, result: SubjectResult, drawn: Sequence[Sample], folder: Path, side: str) -> None:
        """The report of the columns that drifted, the worst of them; what it leaves out is said in the note."""
        of_side = [m for m in result.measurements if m.basis == "sample" and m.reference == side]
        thresholds = {m.column: m.threshold for m in of_side if m.threshold}
        usable = {sample.column.name: sample for sample in drawn if sample.column.name in thresholds}
        drifted = sum(m.column in usable for m in result.missed)
        most = min(max(drifted, CALM_COLUMNS), self.settings.drift_report_columns)
        names = [m.column for m in result.worst if m.column in usable][:most]
        if not names:
            return
        path = folder / f"{result.subject}.html"
        try:
            sampled.write_report([usable[name] for name in names], thresholds, path)
        except Exception as error:  # the numbers stand without a picture
            result.note = ". ".join(filter(None, [result.note, f"no report: {type(error).__name__}: {error}"]))
        else:
            result.report = path


def _left_out(measures: Sequence[Measurement]) -> str:
    """Which columns Evidently was not asked of, or could not tell of."""
    names = [m.column or "" for m in measures if m.basis == "sample" and m.status == SKIPPED]
    return f"not in the report, for reasons that drift_results has: {', '.join(names)}" if names else ""


def _unseen(_name: str) -> None:
    """Progress that nobody looks at."""
