"""Detection: the same snapshots without drift, with a drift of known size put in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bench.drift.company import Checked, Company
from bench.drift.page import Options, Section, percent
from clientele.monitoring.results import Measurement
from clientele.monitoring.subjects import Column, quoted_name

SHIFTS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # standard deviations of the reference
SWAPPED = (0.05, 0.1, 0.2, 0.3, 0.4)  # share of rows
LOST = (0.02, 0.05, 0.1, 0.2, 0.3)  # share of rows
NEW = (0.002, 0.005, 0.01, 0.02, 0.05)  # share of rows
SNAPSHOTS = 10
ROWS = 5_000
Injection = Callable[[Column], str | None]


def measure(options: Options) -> Section:
    """Shares of columns that are seen to drift, by kind and size of what was put in."""
    company = Company.of(options.home, options.settings.drift_reference_model)
    checked = Checked(company, "select * from reference", company.days, options.settings, company.columns)
    drawn = [_kept(company, number, options.seed) for number in range(SNAPSHOTS)]
    section = Section(
        "injected",
        "Detection of injected drift",
        f"{SNAPSHOTS} snapshots of {ROWS:,} customers without drift, as above; then every column is changed by a known"
        " amount. Shares of columns and snapshots beyond the threshold of each measure, and of any.",
    )
    shift, worth = _shift(company, options)
    kinds: list[tuple[str, Sequence[float], Callable[[float], Injection]]] = [
        ("mean shift, standard deviations", SHIFTS, shift),
        ("rows whose category is another, share", SWAPPED, _swap),
        ("values lost, share of rows", LOST, _loss),
        ("rows of a category that was never seen, share", NEW, _novelty),
    ]
    for title, sizes, injection in kinds:
        section.tables.append(_table(checked, drawn, title, sizes, injection, options))
    section.notes.append(worth)
    return section


def _kept(company: Company, number: int, seed: int) -> str:
    company.drawn(ROWS, seed + 10_000 + number)
    company.connection.execute(f"create or replace table snapshot_{number} as select * from drawn")
    return f"snapshot_{number}"


def _table(
    checked: Checked, drawn: Sequence[str], title: str, sizes: Sequence[float],
    injection: Callable[[float], Injection], options: Options,
) -> list[list[str]]:  # fmt: skip
    shares = {size: _detected(checked, drawn, injection(size)) for size in sizes}
    options.say(title)
    names = sorted({name for found in shares.values() for name in found} - {"any"})
    rows = [[title, "columns", *names, "any"]]
    for size, found in shares.items():
        numbers = [percent(found[name][0]) if name in found else "" for name in [*names, "any"]]
        rows.append([f"{size:g}", str(found["any"][1]), *numbers])
    return rows


def _detected(checked: Checked, drawn: Sequence[str], injection: Injection) -> Mapping[str, tuple[float, int]]:
    """Share of columns seen, and columns changed, by measure."""
    changes = {c.name: text for c in checked.columns if (text := injection(c))}
    seen: dict[str, list[bool]] = defaultdict(list)
    for table in drawn:
        replaced = ", ".join(f"{text} as {quoted_name(name)}" for name, text in changes.items())
        measures = [m for m in checked.against(f"select * replace ({replaced}) from {table}") if m.column in changes]
        for column in changes:
            of_column = [m for m in measures if m.column == column]
            _note(of_column, seen)
    return {name: (float(np.mean(found)), len(changes)) for name, found in seen.items()}


def _note(measures: Sequence[Measurement], seen: dict[str, list[bool]]) -> None:
    for m in measures:
        if m.value is not None:
            seen[m.measure].append(m.status == "warn")
    seen["any"].append(any(m.status == "warn" for m in measures))


def _shift(company: Company, options: Options) -> tuple[Callable[[float], Injection], str]:
    """Numbers moved up by a share of their standard deviation; columns that hold one value have none."""
    numeric = [c for c in company.columns if c.column_type == "numeric"]
    parts = ", ".join(f"stddev_pop({c.sql})" for c in numeric)
    spread = company.connection.execute(f"select {parts} from reference").fetchall()[0]
    sd = {c.name: value for c, value in zip(numeric, spread, strict=True) if value}

    def of_size(size: float) -> Injection:
        return lambda c: f"{c.sql} + {size * sd[c.name]!r}" if c.name in sd and c.is_pooled else None

    ageing = sum(not c.is_pooled and c.name in sd for c in numeric)
    factor = options.settings.drift_lifetime_factor
    return of_size, (
        f"Shifted are numbers of a window; the {ageing} of lifetime and state have {factor:g} times the threshold, so"
        f" that a shift of them is seen from {factor:g} times the size."
    )


def _swap(size: float) -> Injection:
    """Rows drawn by hash get the category that is last by name; those without a category stay so."""

    def text(c: Column) -> str | None:
        name = quoted_name(c.name)
        if c.column_type != "category":
            return None
        return f"case when {_draw(c)} < {size} and {name} is not null then max({name}) over () else {name} end"

    return text


def _loss(size: float) -> Injection:
    return lambda c: f"case when {_draw(c)} < {size} then null else {quoted_name(c.name)} end"


def _novelty(size: float) -> Injection:
    return lambda c: (
        f"case when {_draw(c)} < {size} then 'never seen' else {quoted_name(c.name)} end"
        if c.column_type == "category"
        else None
    )


def _draw(column: Column) -> str:
    """A number in [0, 1) for each row and column."""
    return f"(hash(customer_id || '{column.name}') % 1000000) / 1000000.0"
