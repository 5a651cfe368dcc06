"""Detection: the same snapshots without drift, with a drift of known size put in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from bench.drift.company import Checked, Company
from bench.drift.page import Options, Section, percent
from clientele.monitoring.results import Measurement
from clientele.monitoring.subjects import Column
from clientele.querying import quoted_name

SHIFTS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # standard deviations of the reference
SWAPPED = (0.05, 0.1, 0.2, 0.3, 0.4)  # share of rows
LOST = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)  # share of rows
NEW = (0.002, 0.005, 0.01, 0.02, 0.05)  # share of rows
SNAPSHOTS = 10
ROWS = 5_000
MOST_TILT = 50.0
Injection = Callable[[Column], str | None]


def measure(options: Options) -> Section:
    """Shares of columns that are seen to drift, by kind and size of what was put in."""
    company = Company.of(options.home, options.settings.drift_reference_model)
    connection, reference = company.connection, "select * from reference"
    checked = Checked(connection, reference, company.days, options.settings, company.columns)
    drawn = [_kept(company, number, options.seed) for number in range(SNAPSHOTS)]
    section = Section(
        "injected",
        "Detection of injected drift",
        f"{SNAPSHOTS} snapshots of {ROWS:,} customers without drift, as above; then every column is changed by a known"
        " amount. Shares of columns and snapshots beyond the threshold of each measure, and of any.",
    )
    section.tables.append(_tilted_table(company, options))
    kinds: list[tuple[str, Sequence[float], Callable[[float], Injection]]] = [
        ("added to every value, standard deviations", SHIFTS, shift(connection, reference, company.columns)),
        ("rows whose category is another, share", SWAPPED, _swap),
        ("values lost, share of rows", LOST, _loss),
        (
            "values lost where none was missing, share of rows",
            LOST,
            loss_of_full(connection, reference, company.columns),
        ),
        ("rows of a category that was never seen, share", NEW, novelty),
    ]
    for title, sizes, injection in kinds:
        section.tables.append(_table(checked, drawn, title, sizes, injection, options))
    ageing = sum(c.column_type == "numeric" and not c.is_pooled for c in company.columns)
    section.notes = [
        "A constant added to every value moves the many customers at 0 into another bin, which PSI sees at any size;"
        " the table before it moves the mean by drawing other customers, and is the one to judge by.",
        f"Shifted are numbers of a window. The {ageing} of lifetime and state have"
        f" {options.settings.drift_lifetime_factor:g} times the threshold.",
        "A column that is empty for many, or whose most frequent category is the one swapped to, moves by less than the"
        " share says.",
    ]
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
    changes = changed(checked.columns, injection)
    seen: dict[str, list[bool]] = defaultdict(list)
    for table in drawn:
        measures = [m for m in checked.against(injected(table, changes)) if m.column in changes]
        for column in changes:
            of_column = [m for m in measures if m.column == column]
            _note(of_column, seen)
    return {name: (float(np.mean(found)), len(changes)) for name, found in seen.items()}


def changed(columns: Sequence[Column], injection: Injection) -> Mapping[str, str]:
    """What stands in place of the columns that an injection changes, by name."""
    return {c.name: text for c in columns if (text := injection(c))}


def injected(relation: str, changes: Mapping[str, str]) -> str:
    """A SELECT of a relation with changes."""
    replaced = ", ".join(f"{text} as {quoted_name(name)}" for name, text in changes.items())
    return f"select * replace ({replaced}) from {relation}"


def _note(measures: Sequence[Measurement], seen: dict[str, list[bool]]) -> None:
    for m in measures:
        if m.value is not None:
            seen[m.measure].append(m.status == "warn")
    seen["any"].append(any(m.status == "warn" for m in measures))


def shift(
    connection: duckdb.DuckDBPyConnection, reference: str, columns: Sequence[Column]
) -> Callable[[float], Injection]:
    """Numbers of a window with a share of their standard deviation added; those that hold one value have none."""
    numbers = _shiftable(columns)
    parts = ", ".join(f"stddev_pop({c.sql})" for c in numbers)
    spread = connection.execute(f"select {parts} from ({reference})").fetchall()[0]
    sd = {c.name: value for c, value in zip(numbers, spread, strict=True) if value}

    def of_size(size: float) -> Injection:
        return lambda c: f"{c.sql} + {size * sd[c.name]!r}" if c.name in sd else None

    return of_size


def _shiftable(columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(c for c in columns if c.column_type == "numeric" and c.is_pooled)


def _tilted_table(company: Company, options: Options) -> list[list[str]]:
    """Customers drawn so that large values are more frequent and the mean is higher by a known amount.

    No value is new, so that a count stays a count and a 0 a 0: the drift of a company whose customers buy more.
    """
    columns = _shiftable(company.columns)
    checked = Checked(company.connection, "select * from reference", company.days, options.settings, columns)
    rng, names = np.random.default_rng(options.seed), [c.name for c in columns]
    rows = [["mean shift by other customers, standard deviations", "columns", "psi", "wasserstein", "any"]]
    for size in SHIFTS:
        seen: dict[str, list[bool]] = defaultdict(list)
        weights = {name: _tilt(_values(company, c), size) for name, c in zip(names, columns, strict=True)}
        reached = [c for c in columns if weights[c.name] is not None]
        for _ in range(SNAPSHOTS):
            _put_tilted(company, weights, rng)
            measures = checked.against("select * from tilted")
            for c in reached:
                _note([m for m in measures if m.column == c.name], seen)
        rows.append([f"{size:g}", str(len(reached)), *(percent(float(np.mean(seen[n]))) for n in rows[0][2:])])
        options.say(f"tilted by {size:g}")
    return rows


def _values(company: Company, column: Column) -> np.ndarray:
    """All values of the reference as float64, NaN for null."""
    sql = f"select {column.sql} as x from reference order by snapshot_date, md5(customer_id)"
    return company.connection.sql(sql).to_arrow_table()["x"].to_numpy()


def _tilt(values: np.ndarray, size: float) -> np.ndarray | None:
    """Weights of rows under which the mean is `size` standard deviations higher; None where none are.

    Exponential in the value, up to its 99th percentile, so that not a few customers alone make the shift.
    """
    known = ~np.isnan(values)
    x = values[known]
    sd = x.std() if x.size else 0.0
    if not sd:
        return None
    z = (x - x.mean()) / sd
    held = np.minimum(z, np.quantile(z, 0.99))
    low, high = 0.0, MOST_TILT
    for _ in range(50):
        middle = (low + high) / 2
        weights = np.exp(middle * (held - held.max()))
        low, high = (middle, high) if (weights * z).sum() / weights.sum() < size else (low, middle)
    if high == MOST_TILT:
        return None
    # Rows without a value are drawn as often as they are there.
    every = np.full(len(values), 1 / len(values))
    every[known] = weights / weights.sum() * known.mean()
    return every


def _put_tilted(company: Company, weights: Mapping[str, np.ndarray | None], rng: np.random.Generator) -> None:
    """The table `tilted`: each column drawn by itself; those that cannot be shifted that far are drawn as they are."""
    drawn = {}
    for column in _shiftable(company.columns):
        values, chances = _values(company, column), weights[column.name]
        at = rng.choice(len(values), ROWS, p=chances)
        drawn[column.name] = pa.array(values[at], mask=np.isnan(values[at]))
    company.connection.register("drawn_by_weight", pa.table(drawn))
    company.connection.execute(
        f"create or replace table tilted as select 'c' || row_number() over () as customer_id,"
        f" date '{company.days.last}' as snapshot_date, * from drawn_by_weight"
    )
    company.connection.unregister("drawn_by_weight")


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


def loss_of_full(
    connection: duckdb.DuckDBPyConnection, reference: str, columns: Sequence[Column]
) -> Callable[[float], Injection]:
    """Values lost by hash of columns that lack none."""
    parts = ", ".join(f"count(*) = count({c.sql})" for c in columns)
    row = connection.execute(f"select {parts} from ({reference})").fetchall()[0]
    full = {c.name for c, is_full in zip(columns, row, strict=True) if is_full}

    def of_size(size: float) -> Injection:
        return lambda c: _loss(size)(c) if c.name in full else None

    return of_size


def novelty(size: float) -> Injection:
    """Rows drawn by hash get a category that nobody has."""
    return lambda c: (
        f"case when {_draw(c)} < {size} then 'never seen' else {quoted_name(c.name)} end"
        if c.column_type == "category"
        else None
    )


def _draw(column: Column) -> str:
    """A number in [0, 1) for each row and column."""
    return f"(hash(customer_id || '{column.name}') % 1000000) / 1000000.0"
