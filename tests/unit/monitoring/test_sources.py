from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from clientele.contract import load_contract
from clientele.landing.lake import Lake
from clientele.monitoring.results import Measurement
from clientele.monitoring.settings import Settings
from clientele.monitoring.sources import Daily, check_sources, freshness, robust_z, rows_per_day, volume
from tests.unit.monitoring.conftest import DAY  # a Sunday

Row = tuple[datetime, datetime, datetime | None]


def land(home: Path, rows: list[Row], batch: int = 1) -> list[str]:
    """Orders with their clock, loaded_at and supersedes_loaded_at."""
    folder = Lake(home).batch_dir(batch)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "orders.parquet"
    with duckdb.connect() as con:
        con.execute("create table orders (ordered_at timestamp, loaded_at timestamp, supersedes_loaded_at timestamp)")
        con.executemany("insert into orders values (?, ?, ?)", rows)
        con.execute(f"copy orders to '{path}' (format parquet)")
    return [str(path)]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)


def steady(days: int, *, until: date = DAY, n: int = 2) -> list[Row]:
    return [(noon(until - timedelta(days=back)),) * 2 + (None,) for back in range(1, days + 1) for _ in range(n)]


def daily(counts: dict[int, int]) -> Daily:
    """Rows by days before DAY."""
    by_day = {DAY - timedelta(days=back): n for back, n in counts.items() if n}
    return Daily(by_day, min(by_day, default=None))


def z(found: Daily, settings: Settings, newest: int = 1) -> Measurement:
    return volume("orders", found, DAY, newest, settings).measurements[0]


def test_robust_z_by_hand() -> None:
    assert robust_z(0, [100] * 4) == -10  # a Poisson count of 100 has a deviation of 10
    assert robust_z(130, [80, 90, 100, 110, 120]) == pytest.approx(30 / 14.826)
    assert robust_z(1, [0] * 8) == 1
    assert robust_z(5, [100] * 3) is None


def test_a_day_is_compared_with_its_weekday(settings: Settings) -> None:
    weekly = {back: 400 if back % 7 == 1 else 100 for back in range(1, 85)}  # Saturdays are busy
    assert z(daily(weekly), settings).status == "pass"
    quiet = z(daily(weekly | {1: 100}), settings)
    assert (quiet.value, quiet.status) == (-15, "warn")
    assert quiet.message == "100 rows on Saturday 2025-05-31, usually 400"


def test_a_day_without_rows_is_missed_however_much_the_others_differ(settings: Settings) -> None:
    weeks = dict(enumerate([20, 60, 100, 140, 180, 220] * 2, start=1))
    found = daily({7 * week + 1: n for week, n in weeks.items()})
    gone = z(found, settings)
    assert (gone.status, gone.value) == ("warn", pytest.approx(-120 / (60 * 1.4826)))
    assert z(daily({7 * week + 1: n - (n == 20) for week, n in weeks.items()}), settings).status == "pass"
    assert z(daily({7 * week + 1: n for week, n in weeks.items()} | {1: 1}), settings).status == "pass"


def test_all_days_since_the_last_run_are_looked_at(settings: Settings) -> None:
    found = daily(dict.fromkeys(range(1, 85), 100) | {3: 0})
    assert z(found, settings, newest=2).status == "pass"
    assert z(found, settings, newest=3).message.startswith("0 rows on Thursday 2025-05-29")


def test_a_young_or_empty_source_is_skipped(settings: Settings) -> None:
    assert z(daily(dict.fromkeys(range(1, 22), 5)), settings).message == "fewer than 4 weeks before it"
    assert z(Daily({}, None), settings).message == "no rows"


def test_age_is_counted_against_the_usual_longest_gap(settings: Settings) -> None:
    weekly = daily(dict.fromkeys(range(1, 200, 7), 5))
    fresh = freshness("orders", weekly, DAY, settings).measurements[0]
    assert (fresh.value, fresh.threshold, fresh.status) == (1, 14, "pass")
    stale = freshness("orders", daily(dict.fromkeys(range(14, 200, 7), 5)), DAY, settings).measurements[0]
    assert (stale.value, stale.status) == (14, "warn")
    rare = freshness("orders", daily({1: 1, 100: 1}), DAY, settings).measurements[0]
    assert (rare.status, rare.message) == ("skipped", "rows on 2 days of the last 365: too few to know a usual gap by")


def test_only_what_the_snapshot_knew_is_counted_and_corrections_are_not(home: Path) -> None:
    yesterday, known = noon(DAY - timedelta(days=1)), datetime(2025, 6, 1, 5, 59)
    rows: list[Row] = [
        (yesterday, known, None),
        (yesterday, datetime(2025, 6, 1, 6), None),  # too late by a moment
        (yesterday, known, known),  # a correction
        (noon(DAY), known, None),  # not yet past
    ]
    files = land(home, rows)
    with duckdb.connect() as con:
        found = rows_per_day(con, load_contract()["orders"], files, DAY, 6)
    assert found.counts == {date(2025, 5, 31): 1}


def test_days_are_compared_as_early_as_they_are_looked_at(home: Path) -> None:
    """Half of each day's rows come three days late; those of yesterday cannot be there yet."""
    days = [DAY - timedelta(days=back) for back in range(1, 60)]
    rows: list[Row] = [(noon(day), noon(day), None) for day in days]
    rows += [(noon(day), noon(day + timedelta(days=3)), None) for day in days]
    files = land(home, [row for row in rows if row[1] < noon(DAY)])
    with duckdb.connect() as con:
        counts = rows_per_day(con, load_contract()["orders"], files, DAY, 6).counts
    assert {counts[DAY - timedelta(days=back)] for back in (1, 2, 3, 8, 15, 22)} == {1}
    assert {counts[DAY - timedelta(days=back)] for back in (4, 7, 11, 14)} == {2}


def test_every_landed_source_with_a_clock_of_its_own_is_checked(home: Path, settings: Settings) -> None:
    land(home, steady(60))
    results = check_sources(home, settings=settings)
    assert [(r.subject, r.check_type, r.status) for r in results] == [
        ("orders", "volume", "pass"),
        ("orders", "freshness", "pass"),
    ]


def test_a_source_that_cannot_be_read_takes_no_other_check_with_it(home: Path, settings: Settings) -> None:
    land(home, steady(60))
    (home / "lake" / "raw" / "batch=1" / "sessions.parquet").write_bytes(b"no parquet")
    results = {(r.subject, r.check_type): r for r in check_sources(home, settings=settings)}
    assert results["orders", "volume"].status == "pass"
    assert results["sessions", "volume"].status == results["sessions", "freshness"].status == "skipped"
    strict = replace(settings, drift_error_on=("sessions",))
    found = [r for r in check_sources(home, settings=strict) if r.subject == "sessions"]
    assert [r.status for r in found] == ["fail", "fail"]
