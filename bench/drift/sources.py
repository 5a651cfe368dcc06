"""Volume and freshness: the demo company's last year replayed day by day, and days that lost rows."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import duckdb
import numpy as np

from bench.drift.page import Options, Section, percent
from clientele.landing.lake import Lake
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.results import Measurement
from clientele.monitoring.sources import BUSY, Daily, freshness, rows_per_day, volume
from clientele.querying import open_build

DAYS = 365
CANDIDATES = (3.5, 4, 5, 6, 8)
GAPS = (1.5, 2, 3)
CHANGES: dict[str, Callable[[int], int]] = {
    "as it came": lambda n: n,
    "no rows": lambda _n: 0,
    "a quarter": lambda n: n // 4,
    "half": lambda n: n // 2,
    "twice": lambda n: 2 * n,
}


def measure(options: Options) -> Section:
    """Shares of source-days beyond candidate thresholds, as they came and with rows lost or doubled."""
    scores: dict[tuple[str, bool], list[Measurement]] = defaultdict(list)
    ages: dict[float, list[bool]] = defaultdict(list)
    for name, days in _replayed(options).items():
        for day, daily in days.items():
            _note_volume(name, day, daily, options, scores)
            _note_freshness(name, day, daily, options, ages)
        options.say(name)
    alarms = sum(m.status == "warn" for is_busy in (True, False) for m in scores["as it came", is_busy])
    return Section(
        "sources",
        "Volume and freshness of sources",
        f"Every source of the demo company on each of {DAYS} days. Busy ones have at least {BUSY} rows on a usual day.",
        [_table(scores), _freshness_table(ages)],
        [
            f"As it came, the volume of some source is missed {alarms / DAYS:.2f} times a day.",
            "The check also misses a day without rows, whatever its z, where all weeks before were busy.",
        ],
    )


def _replayed(options: Options) -> dict[str, dict[date, Daily]]:
    """Of each source, what was known on each day."""
    with open_build(options.home) as build:
        last = snapshot_day(build)
    lake, found = Lake(options.home), {}
    with duckdb.connect() as connection:
        for entity in lake.contract:
            files = [str(path) for path in lake.files(entity.name)]
            if files and not entity.clock_is_planned:
                days = (last - timedelta(days=back) for back in range(DAYS))
                hours = options.settings.load_grace_hours
                found[entity.name] = {day: rows_per_day(connection, entity, files, day, hours) for day in days}
    return found


def _note_volume(
    name: str, day: date, daily: Daily, options: Options, scores: dict[tuple[str, bool], list[Measurement]]
) -> None:
    yesterday = day - timedelta(days=1)
    usual = [daily.counts.get(yesterday - timedelta(days=7 * week), 0) for week in range(1, 13)]
    is_busy = statistics.median(usual) >= BUSY
    for what, change in CHANGES.items():
        counts = dict(daily.counts) | {yesterday: change(daily.counts.get(yesterday, 0))}
        m = volume(name, Daily(counts, daily.first), day, 1, options.settings).measurements[0]
        if m.value is not None:
            scores[what, is_busy].append(m)


def _note_freshness(name: str, day: date, daily: Daily, options: Options, ages: dict[float, list[bool]]) -> None:
    m = freshness(name, daily, day, options.settings).measurements[0]
    if m.value is not None and m.threshold:
        for gaps in GAPS:
            ages[gaps].append(m.value >= m.threshold / options.settings.freshness_gaps_from * gaps)


def _table(scores: dict[tuple[str, bool], list[Measurement]]) -> list[list[str]]:
    rows = [["yesterday", "sources", "days", *(f"z >= {limit:g}" for limit in CANDIDATES), "missed by the check"]]
    for (what, is_busy), found in sorted(
        scores.items(), key=lambda item: (list(CHANGES).index(item[0][0]), not item[0][1])
    ):
        numbers = np.array([abs(m.value or 0) for m in found])
        rows.append([
            what, "busy" if is_busy else "others", f"{len(found):,}",
            *(percent(float(np.mean(numbers >= limit))) for limit in CANDIDATES),
            percent(float(np.mean([m.status == "warn" for m in found]))),
        ])  # fmt: skip
    return rows


def _freshness_table(ages: dict[float, list[bool]]) -> list[list[str]]:
    rows = [["newest row as old as", "source-days", "beyond"]]
    for gaps, found in ages.items():
        rows.append([f"{gaps:g} times the usual longest gap", f"{len(found):,}", percent(float(np.mean(found)))])
    return rows
