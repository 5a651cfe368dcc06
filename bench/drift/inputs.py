"""Inputs of ordinary months: each against what the champion would have learnt from by then, and whom it first met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from bench.drift.company import Checked
from bench.drift.page import Options, Section, percent
from bench.drift.scores import MONTHS, fitted_on
from clientele.monitoring import exact
from clientele.monitoring.both_references import confirmed, drifted_columns, share_of_columns
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.results import LEARNT, MET, Measurement
from clientele.monitoring.subjects import Catalog, Champion, Column, learnt_from, met_by, read_by, unseen_days
from clientele.querying import open_build

LATER = 1  # months after the fit


@dataclass(frozen=True)
class Month:
    """Shares of the inputs that drifted in a month: by one reference alone, and by both."""

    learnt: float
    met: float
    both: float
    drifted: frozenset[str]


def measure(options: Options) -> Section:
    """Months by model in which a fit would be asked for."""
    rows = [[
        "inputs", "columns", "months", "that ask for a fit: what was learnt from alone",
        "whom it first met alone", "both", "largest share by both", "which",
    ]]  # fmt: skip
    with open_build(options.home) as connection:
        catalog = Catalog(connection, snapshot_day(connection))
        for champion in catalog.champions:
            columns = read_by(champion, catalog)
            months = _months(connection, catalog, champion, options)
            if months:
                rows.append([champion.model_name, str(len(columns)), *_told(months, options)])
            options.say(champion.model_name)
    return Section(
        "inputs",
        "Inputs of months as they came",
        f"The last {MONTHS} months of the demo company: inputs of each model against what a champion fitted a month"
        " before would have learnt from, and against customers of training days that it had still to learn from. A"
        f" fit is asked for where {options.settings.drift_columns_from:.0%} of the columns drift on several days"
        " running; it renews the second reference, and where windows are long hardly the first.",
        [rows],
        ["Months before which no window of the model had passed are left out."],
    )


def _told(months: Mapping[date, Month], options: Options) -> list[str]:
    day, worst = max(months.items(), key=lambda item: item[1].both)
    named = sorted(worst.drifted)
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    asking = [_asking([getattr(month, side) for month in months.values()], options) for side in (LEARNT, MET, "both")]
    return [
        str(len(months)), *map(str, asking), f"{percent(worst.both)} on {day}", ", ".join(named[:3]) + more,
    ]  # fmt: skip


def _asking(shares: Sequence[float], options: Options) -> int:
    return sum(share >= options.settings.drift_columns_from for share in shares)


def _months(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, champion: Champion, options: Options
) -> dict[date, Month]:
    days = [*catalog.training_days, catalog.day]
    found = {
        day: _month(connection, catalog, fitted_on(champion, days[days.index(day) - LATER]), day, options)
        for day in days[-MONTHS:]
    }
    return {day: month for day, month in found.items() if month}


def _month(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, champion: Champion, day: date, options: Options
) -> Month | None:
    columns = read_by(champion, catalog)
    before = unseen_days([known for known in catalog.training_days if known < day], champion)
    current = met_by(champion, columns, [day])
    learnt = _measures(connection, learnt_from(catalog, champion, day), current, columns, LEARNT, options)
    met = _measures(connection, met_by(champion, columns, before), current, columns, MET, options)
    if not learnt or not met:
        return None
    both = confirmed([*learnt, *met])
    shares = [share_of_columns(side).value or 0.0 for side in (learnt, met, both)]
    return Month(*shares, frozenset(str(name) for name in drifted_columns(both)))


def _measures(
    connection: duckdb.DuckDBPyConnection, reference: str, current: str, columns: tuple[Column, ...], side: str,
    options: Options,
) -> list[Measurement]:  # fmt: skip
    known = exact.days_of(connection, reference)
    if known is None:
        return []
    checked = Checked(connection, reference, known, options.settings, columns)
    return [replace(m, reference=side) for m in checked.against(current)]
