"""What the var drift_error_on names must have been looked at, and found well, before the build is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from clientele.monitoring.settings import Settings, SettingsError
from clientele.records import Records
from clientele.running import VarsError

Row = dict[str, Any]
CHECK = "`clientele drift` checks it, as does the daily job"
MEASURE = "Its message in drift_results says why. Mend that, then `clientele drift`; or take the name out (vars.yml)"
MEND = "Settle why, then `clientele drift`; or take the name out of drift_error_on (vars.yml)"


class Unmet(NamedTuple):
    """A name, what is wrong with it, and what to do."""

    about: str
    reason: str
    remedy: str


def unmet(home: Path, day: date | None, built_at: Mapping[str, datetime]) -> Iterator[Unmet]:
    """Names in drift_error_on that were not checked on `day` or since their table was built, or were found not well.

    So is what drifted, and what could not be measured. The var is read here and not from what was recorded: a check
    that was made before the var named it, or that was not made at all, holds nothing back by itself.
    """
    try:
        names = Settings.of_home(home).drift_error_on
    except (SettingsError, VarsError) as error:
        yield Unmet("vars.yml", f"cannot be read, so that what drift_error_on names is unknown ({error})", "Mend it")
        return
    rows = _measured_on(home, day) if names else []
    for name in names:
        yield from _unmet(name, _last(name, rows), built_at)


def _measured_on(home: Path, day: date | None) -> list[Row]:
    return (
        Records(home).read("drift_results", where=pc.field("snapshot_date") == pa.scalar(day, pa.date32())).to_pylist()
    )


def _unmet(name: str, rows: Sequence[Row], built_at: Mapping[str, datetime]) -> Iterator[Unmet]:
    if not rows:
        yield Unmet(name, "is named by drift_error_on and was not checked on the day of the build", CHECK)
    elif any(row["evaluated_at"] < built_at.get(_table(row), row["evaluated_at"]) for row in rows):
        yield Unmet(name, "is named by drift_error_on and was built since it was checked", CHECK)
    elif any(row["status"] in ("warn", "fail") and row["value"] is not None for row in rows):
        # One that only warned was checked before the var named it.
        yield Unmet(name, "is named by drift_error_on and missed", MEND)
    elif any(row["status"] == "fail" for row in rows) or all(row["status"] == "skipped" for row in rows):
        yield Unmet(name, "is named by drift_error_on and could not be measured", MEASURE)


def _last(name: str, rows: Sequence[Row]) -> list[Row]:
    """What the last run that looked at it measured."""
    named = [row for row in rows if name in _names(row) or _is_unmeasured_with_its_table(name, row)]
    last = max((row["evaluated_at"] for row in named), default=None)
    return [row for row in named if row["evaluated_at"] == last]


def _names(row: Row) -> set[str]:
    """The names that a measure goes by: its table, the part of a model, its column, as Settings.severity is asked."""
    subjects = set(accumulate(row["subject"].split("."), "{}.{}".format))
    return subjects | {f"{subject}.{row['column_name']}" for subject in subjects}


def _is_unmeasured_with_its_table(name: str, row: Row) -> bool:
    """Whether a column was not looked at since nothing of its table was."""
    subjects = accumulate(row["subject"].split("."), "{}.{}".format)
    is_whole = row["column_name"] is None and row["value"] is None and row["status"] in ("skipped", "fail")
    return is_whole and name.startswith(tuple(f"{subject}." for subject in subjects))


def _table(row: Row) -> str:
    return row["subject"].partition(".")[0]
