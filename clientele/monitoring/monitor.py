"""All checks of a warehouse in one go, recorded; and what they say about fitting models anew."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from clientele.monitoring.drift import Progress, check_drift
from clientele.monitoring.performance import check_performance
from clientele.monitoring.results import FAIL, WARN, SubjectResult, record
from clientele.monitoring.settings import Settings, SettingsError
from clientele.monitoring.sources import check_sources
from clientele.records import Records

# What tells of a model: feature groups and sources do not, and of its inputs the share alone counts that drifted.
OF_MODELS = pc.field("subject_kind").isin(["scores", "performance"]) | (
    (pc.field("subject_kind") == "model_inputs") & (pc.field("measure") == "drifted_column_share")
)


def monitor(
    home: Path,
    *,
    snapshot_date: date | None = None,
    run_id: str = "",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> list[SubjectResult]:
    """Drift, performance, volume and freshness of one day, written to the records under `run_id` (default: a new one).

    Raises NoBuildError, NoSnapshotError, SettingsError.
    """
    settings = settings or Settings.of_home(home)
    results = check_sources(home, snapshot_date=snapshot_date, settings=settings)
    results += check_performance(home, snapshot_date=snapshot_date, settings=settings)
    results += check_drift(home, snapshot_date=snapshot_date, settings=settings, progress=progress)
    record(home, results, run_id or uuid.uuid4().hex)
    _heed_unknown(settings, results)
    return results


def models_drifted(home: Path, days: int, settings: Settings | None = None) -> list[str]:
    """Models to be fitted anew, by name, as the var drifted_models takes them: drifted on `days` checked days running.

    On a day a model has drifted if at least drift_columns_from of its inputs have, if a score has, or if its
    calibration, AUC or bias missed. Only days of the version in use count, so that a fit starts the count anew.
    """
    settings = settings or Settings.of_home(home)
    rows = _newest_of_each_day(Records(home).read("drift_results", where=OF_MODELS).to_pylist())
    found = []
    for name in sorted({row["model_name"] for row in rows if row["model_name"]}):
        of_model = [row for row in rows if row["model_name"] == name]
        version = max(of_model, key=lambda row: (row["snapshot_date"], row["subject_kind"] != "performance"))
        checked = [row for row in of_model if row["model_version"] == version["model_version"]]
        last = sorted({row["snapshot_date"] for row in checked})[-days:]
        bad = {row["snapshot_date"] for row in checked if _says_drift(row, settings)}
        if len(last) == days and bad >= set(last):
            found.append(name)
    return found


def _newest_of_each_day(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the last run that checked a day."""
    last: dict[date, tuple[Any, str]] = {}
    for row in rows:
        run = (row["evaluated_at"], row["run_id"])
        last[row["snapshot_date"]] = max(run, last.get(row["snapshot_date"], run))
    return [row for row in rows if (row["evaluated_at"], row["run_id"]) == last[row["snapshot_date"]]]


def _says_drift(row: dict[str, Any], settings: Settings) -> bool:
    if row["subject_kind"] == "model_inputs":
        return row["value"] is not None and bool(row["value"] >= max(settings.drift_columns_from, 1e-9))
    return row["value"] is not None and row["status"] in (WARN, FAIL)


def _heed_unknown(settings: Settings, results: Sequence[SubjectResult]) -> None:
    """A name that no check goes by would let a run publish what it should have held back."""
    subjects = {name: result for result in results for name in (result.subject, result.asset)}
    names = set(subjects) | {f"{name}.{m.column}" for name, result in subjects.items() for m in result.measurements}
    unknown = sorted(set(settings.drift_error_on) - names)
    if unknown:
        there = ", ".join(sorted({result.subject for result in results}))
        raise SettingsError(f"drift_error_on names {', '.join(unknown)}, which no check goes by. There are: {there}")
