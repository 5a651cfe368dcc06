"""Inputs of ordinary months: each against what the champion would have learnt from by then, and whom it first met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from bench.drift.company import Checked, missed
from bench.drift.injected import Injection, changed, injected, loss_of_full, novelty, shift
from bench.drift.page import Options, Section, percent
from bench.drift.scores import MONTHS, fitted_on
from clientele.monitoring import exact
from clientele.monitoring.both_references import confirmed, drifted_columns, is_enough, share_of_columns
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.results import LEARNT, MET, Measurement
from clientele.monitoring.subjects import Catalog, Champion, Column, learnt_from, met_by, read_by, unseen_days
from clientele.querying import open_build, quoted_name

LATER = 1  # months after the fit
SHIFT = 0.5  # standard deviations
BROKEN = 0.05  # share of rows


@dataclass(frozen=True)
class Month:
    """Shares of the inputs that drifted in a month: by one reference alone, and by both."""

    learnt: float
    met: float
    both: float
    drifted: frozenset[str]


@dataclass(frozen=True)
class Sides:
    """Both references of a champion's inputs."""

    learnt: Checked
    met: Checked

    def against(self, current: str) -> tuple[list[Measurement], list[Measurement]]:
        """All measures of all columns of a SELECT, against each."""
        learnt = [replace(m, reference=LEARNT) for m in self.learnt.against(current)]
        return learnt, [replace(m, reference=MET) for m in self.met.against(current)]


def measure(options: Options) -> Section:
    """Months by model in which a fit would be asked for, and what is found of what came after one."""
    rows = [[
        "inputs", "columns", "months", "that ask for a fit: what was learnt from alone",
        "whom it first met alone", "both", "largest share by both", "which",
    ]]  # fmt: skip
    found = [[
        "inputs", "changed after the fit", "columns", "found: what was learnt from alone",
        "whom it first met alone", "both",
    ]]  # fmt: skip
    with open_build(options.home) as connection:
        catalog = Catalog(connection, snapshot_day(connection))
        for champion in catalog.champions:
            columns = read_by(champion, catalog)
            months = _months(connection, catalog, champion, options)
            if months:
                rows.append([champion.model_name, str(len(columns)), *_told(months, options)])
            found += _found(connection, catalog, champion, options)
            options.say(champion.model_name)
    return Section(
        "inputs",
        "Inputs of months as they came",
        f"The last {MONTHS} months of the demo company: inputs of each model against what a champion fitted a month"
        " before would have learnt from, and against customers of training days that it had still to learn from. A"
        f" fit is asked for where {options.settings.drift_columns_from:.0%} of the columns drift on several days"
        " running; it renews the second reference, and where windows are long hardly the first. Then inputs of the"
        " newest month, changed by a known amount as nothing was before: the share of the columns that drift.",
        [rows, found],
        [
            "Months are left out before which no window of the model had passed, or by which it had met too few to"
            " compare with."
        ],
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
    sides = _sides(connection, catalog, champion, day, options)
    if sides is None:
        return None
    learnt, met = sides.against(met_by(champion, sides.learnt.columns, [day]))
    both = confirmed([*learnt, *met])
    shares = [share_of_columns(side).value or 0.0 for side in (learnt, met, both)]
    return Month(*shares, frozenset(str(name) for name in drifted_columns(both)))


def _found(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, champion: Champion, options: Options
) -> Iterator[list[str]]:
    """What is found of changes to the inputs of the newest month."""
    fitted = fitted_on(champion, [*catalog.training_days, catalog.day][-1 - LATER])
    sides = _sides(connection, catalog, fitted, catalog.day, options)
    if sides is None:
        return
    columns, current = sides.learnt.columns, met_by(fitted, sides.learnt.columns, [catalog.day])
    for name, injection in _injections(connection, sides.learnt.relation, columns):
        if changes := changed(columns, injection):
            learnt, met = sides.against(injected(f"({current})", changes))
            of_side = [{m.column for m in missed(side)} for side in (learnt, met)]
            seen = [names & set(changes) for names in (*of_side, drifted_columns([*learnt, *met]))]
            yield [champion.model_name, name, str(len(changes)), *(percent(len(s) / len(changes)) for s in seen)]


def _injections(
    connection: duckdb.DuckDBPyConnection, reference: str, columns: Sequence[Column]
) -> list[tuple[str, Injection]]:
    return [
        ("nothing", lambda c: quoted_name(c.name)),
        (f"{SHIFT:g} standard deviations added", shift(connection, reference, columns)(SHIFT)),
        (f"{BROKEN:.0%} of a category that was never seen", novelty(BROKEN)),
        (f"{BROKEN:.0%} lost where none was missing", loss_of_full(connection, reference, columns)(BROKEN)),
    ]


def _sides(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, champion: Champion, day: date, options: Options
) -> Sides | None:
    columns = read_by(champion, catalog)
    before = unseen_days([known for known in catalog.training_days if known < day], champion)
    learnt = _checked(connection, learnt_from(catalog, champion, day), columns, options)
    met = _checked(connection, met_by(champion, columns, before), columns, options) if before else None
    return Sides(learnt, met) if learnt and met and is_enough(met.days, learnt.days) else None


def _checked(
    connection: duckdb.DuckDBPyConnection, reference: str, columns: tuple[Column, ...], options: Options
) -> Checked | None:
    known = exact.days_of(connection, reference)
    return Checked(connection, reference, known, options.settings, columns) if known else None
