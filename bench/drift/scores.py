"""Scores of ordinary months: each against what the champion says of the days it would not have learnt from by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import duckdb

from bench.drift.company import Checked, missed
from bench.drift.page import Options, Section
from clientele.monitoring import exact, references
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.results import Measurement
from clientele.monitoring.subjects import Catalog, Champion, days_to_score, score_columns
from clientele.querying import open_build

MONTHS = 12
LATER = (0, 1)  # months after the fit


def measure(options: Options) -> Section:
    """Months with an alarm by model, on the day of a fit and a month after one."""
    rows = [["scores", "columns", "months after the fit", "months", "with an alarm", "nearest to a threshold", "which"]]
    with open_build(options.home) as connection:
        catalog = Catalog(connection, snapshot_day(connection))
        for champion in catalog.champions:
            columns = score_columns(catalog, champion)
            for later in LATER:
                runs = _runs(connection, catalog, champion, later, options)
                worst = max((m for run in runs.values() for m in run), key=lambda m: m.excess)
                day = next(day for day, run in runs.items() if worst in run)
                rows.append([
                    champion.model_name, str(len(columns)), str(later), str(len(runs)),
                    str(sum(bool(missed(run)) for run in runs.values())), f"{worst.excess:.2f} of it",
                    f"{worst.column}, {worst.measure}, {day}",
                ])  # fmt: skip
            options.say(champion.model_name)
    return Section(
        "scores",
        "Scores of months as they came",
        f"The last {MONTHS} months of the demo company, scored by the champions of today, each against the training"
        " days that a champion fitted then would not have learnt from.",
        [rows],
        [
            "The champions have learnt from most of these months. Nothing is broken here, but the company ages and has"
            " seasons."
        ],
    )


def _runs(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, champion: Champion, later: int, options: Options
) -> dict[date, list[Measurement]]:
    days = [*catalog.training_days, catalog.day]
    return {
        day: _against(connection, catalog, fitted_on(champion, days[days.index(day) - later]), day, options)
        for day in days[-MONTHS:]
    }


def fitted_on(champion: Champion, day: date) -> Champion:
    """The champion as if it had been fitted on another day, on what had come by then."""
    assert champion.learnt_to is not None
    return replace(champion, fitted_for=day, learnt_to=day - (champion.fitted_for - champion.learnt_to))


def _against(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, champion: Champion, day: date, options: Options
) -> list[Measurement]:
    before = days_to_score([known for known in catalog.training_days if known < day], champion)
    connection.register("told", _told(connection, champion, [*before, day], day))
    relation = f"select * from told where snapshot_date < date '{day}'"
    known = exact.days_of(connection, relation)
    assert known is not None
    checked = Checked(connection, relation, known, options.settings, score_columns(catalog, champion))
    return checked.against(f"select * from told where snapshot_date = date '{day}'")


def _told(connection: duckdb.DuckDBPyConnection, champion: Champion, days: Sequence[date], day: date) -> object:
    asked = references.asked_about(champion.model, champion.part, champion.features, days)
    return references.scored(connection, champion.model, champion.model_name, asked, day)
