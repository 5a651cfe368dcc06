"""Volume and freshness of what lands: rows a day among those of the same weekday, and the age of the newest row."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from clientele.contract import Entity
from clientele.landing.lake import Lake
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.results import SKIPPED, Measurement, SubjectResult, failed_to_measure, over
from clientele.monitoring.settings import Settings
from clientele.querying import open_build

WEEKS = 12  # that a weekday is compared with
FEWEST_WEEKS = 4
BUSY = 20  # rows a day, from which a day without any is missed however much the others differ
GAP_DAYS = 365  # in which gaps between days with rows are looked at
FEWEST_DAYS = 10  # with rows, to know a usual gap by
MAD_TO_SD = 1.4826  # of a normal distribution (Iglewicz & Hoaglin 1993)
WEEK = 7


@dataclass(frozen=True)
class Daily:
    """Rows per day of one entity, without days that have none; `first` is the day of its first row ever."""

    counts: Mapping[date, int]
    first: date | None


def check_sources(
    home: Path, *, snapshot_date: date | None = None, settings: Settings | None = None
) -> list[SubjectResult]:
    """Volume and freshness of every landed entity that has a clock of its own, two results each.

    Days and ages are counted back from the snapshot, never from the wall clock. Reference data, whose clock is planned
    or optional, tells of no day and is left out. Volume is checked on the days since the snapshot before, a week at
    most.
    Raises NoBuildError, NoSnapshotError, SettingsError.
    """
    settings = settings or Settings.of_home(home)
    with open_build(home) as connection:
        day = snapshot_day(connection, snapshot_date)
        newest = _days_since_previous(connection, day)
    lake, results = Lake(home), []
    with duckdb.connect() as connection:
        for entity in lake.contract:
            files = [str(path) for path in lake.files(entity.name)]
            if files and not entity.clock_is_planned:
                results += _checked(connection, entity, files, day, newest, settings)
    return results


def _checked(
    connection: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[str], day: date, newest: int,
    settings: Settings,
) -> list[SubjectResult]:  # fmt: skip
    try:
        daily = rows_per_day(connection, entity, files, day, settings.load_grace_hours)
        return [volume(entity.name, daily, day, newest, settings), freshness(entity.name, daily, day, settings)]
    except Exception as error:  # one source that cannot be read must not take the other checks with it
        why, severity = f"{type(error).__name__}: {error}", settings.severity(entity.name)
        return [
            _result(
                entity.name, kind, day,
                Measurement(measure, severity=severity, status=failed_to_measure(severity), message=why),
            )
            for kind, measure in (("volume", "robust_z"), ("freshness", "age_days"))
        ]  # fmt: skip


def rows_per_day(
    connection: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[str], day: date, grace_hours: float
) -> Daily:
    """Rows per clock day before `day`, without corrections.

    Yesterday's rows may still be on their way. So a day counts what was known of it as many days later as `day` is
    later than the same weekday of the last week: rows that always come two days late are not missed a day after.
    """
    midnight, seconds = f"timestamp '{day}'", round(grace_hours * 3600)
    sql = f"""
        with landed as (
            select cast("{entity.clock}" as date) as clock_day, loaded_at
            from read_parquet($files, union_by_name = true)
            where
                supersedes_loaded_at is null and "{entity.clock}" < {midnight}
                and loaded_at < {midnight} + interval '{seconds}' second
        ),
        aged as (
            select
                clock_day,
                to_days(cast(1 + (date '{day}' - 1 - clock_day) % {WEEK} as integer)) as lag,
                loaded_at
            from landed
        )
        select
            clock_day,
            count(*) filter (where loaded_at < clock_day + lag + interval '{seconds}' second)
        from aged
        group by clock_day
        order by clock_day
    """
    rows = connection.execute(sql, {"files": list(files)}).fetchall()
    return Daily({clock_day: n for clock_day, n in rows if n}, rows[0][0] if rows else None)


def volume(source: str, daily: Daily, day: date, newest: int, settings: Settings) -> SubjectResult:
    """The robust z-score of the oddest of the `newest` days before `day`.

    A day without rows is missed by any score where each of the 12 weeks had BUSY rows on that weekday.
    """
    severity = settings.severity(source)
    scored = [
        (_is_gone(daily, checked, usual), abs(z), z, checked, usual)
        for checked in (day - timedelta(days=back) for back in range(1, newest + 1))
        if (usual := _same_weekday(daily, checked)) and (z := robust_z(daily.counts.get(checked, 0), usual)) is not None
    ]
    if not scored:
        why = f"fewer than {FEWEST_WEEKS} weeks before it" if daily.first else "no rows"
        return _result(source, "volume", day, Measurement("robust_z", severity=severity, status=SKIPPED, message=why))
    is_gone, _, z, checked, usual = max(scored)
    threshold = min(settings.volume_z_from, abs(z)) if is_gone else settings.volume_z_from
    n, middle = daily.counts.get(checked, 0), statistics.median(usual)
    return _result(
        source, "volume", day,
        Measurement(
            "robust_z", n_reference=round(sum(usual)), n_current=n, value=z, threshold=threshold,
            severity=severity, status=over(abs(z), threshold, severity),
            message=f"{n:,} rows on {checked:%A} {checked}, usually {middle:,.0f}",
        ),
    )  # fmt: skip


def robust_z(count: int, usual: Sequence[int]) -> float | None:
    """Distance from the median in robust standard deviations; None below FEWEST_WEEKS counts.

    The deviation is that of the MAD, but at least that of a Poisson count, so that few or equal counts make no alarm:
    0 rows where 100, 100, 100, 100 are usual is -10.
    """
    if len(usual) < FEWEST_WEEKS:
        return None
    middle = statistics.median(usual)
    mad = statistics.median(abs(n - middle) for n in usual)
    return (count - middle) / max(MAD_TO_SD * mad, math.sqrt(middle), 1.0)


def freshness(source: str, daily: Daily, day: date, settings: Settings) -> SubjectResult:
    """The age of the newest row in days, against the usual longest gap: the 99th percentile of gaps in a year."""
    severity = settings.severity(source)
    days = sorted(clock_day for clock_day in daily.counts if clock_day >= day - timedelta(days=GAP_DAYS))
    if len(days) < FEWEST_DAYS:
        why = f"rows on {len(days)} days of the last {GAP_DAYS}: too few to know a usual gap by"
        skipped = Measurement("age_days", severity=severity, status=SKIPPED, message=why)
        return _result(source, "freshness", day, skipped)
    gaps = sorted((later - earlier).days for earlier, later in zip(days, days[1:], strict=False))
    usual = gaps[math.ceil(0.99 * len(gaps)) - 1]
    age, threshold = (day - days[-1]).days, settings.freshness_gaps_from * usual
    return _result(
        source, "freshness", day,
        Measurement(
            "age_days", value=float(age), threshold=threshold, severity=severity, status=over(age, threshold, severity),
            message=f"newest row of {days[-1]}, usual gap up to {usual} days",
        ),
    )  # fmt: skip


def _is_gone(daily: Daily, checked: date, usual: Sequence[int]) -> bool:
    return not daily.counts.get(checked) and len(usual) == WEEKS and min(usual) >= BUSY


def _same_weekday(daily: Daily, checked: date) -> list[int]:
    weeks = (checked - timedelta(days=WEEK * week) for week in range(1, WEEKS + 1))
    return [daily.counts.get(past, 0) for past in weeks if daily.first and past >= daily.first]


def _days_since_previous(connection: duckdb.DuckDBPyConnection, day: date) -> int:
    """Days since the snapshot of all customers before `day`: 1 where there is none, a week at most."""
    rows = connection.execute(
        "select max(snapshot_date) from intermediate.int_core__snapshots where is_full and snapshot_date < ?", [day]
    ).fetchall()
    previous = rows[0][0]
    return min((day - previous).days, WEEK) if previous else 1


def _result(source: str, check_type: str, day: date, measurement: Measurement) -> SubjectResult:
    return SubjectResult(source, source, "source", check_type, day, measurements=[measurement])
