"""How a column writes dates and times."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from clientele.mapping_draft.words import words_of

DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y.%m.%d",
        "%d-%m-%y", "%m-%d-%y", "%d-%b-%y", "%d %b %y",
        "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y")  # fmt: skip
HOURS = ("", " %H:%M:%S", " %H:%M", ", %H:%M", " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S.%f")
COMPACT = ("%Y%m%d", "%Y%m%d%H%M%S")
SWAPPED = {"%d/%m": "%m/%d", "%d-%m": "%m-%d"}
OFFSET = r"\d(Z|[+-]\d\d(:?\d\d)?)$"


@dataclass(frozen=True)
class Form:
    """How times are written: ``pattern`` is None where plain ISO, which needs no declaring."""

    pattern: str | None = None
    has_offset: bool = False
    has_hours: bool = True
    epoch: int | None = None  # units in a second, for counted times
    is_ambiguous: bool = False  # day and month could be the other way round

    @property
    def has_short_year(self) -> bool:
        """Whether years are written with two digits."""
        return "%y" in (self.pattern or "")

    @property
    def other(self) -> str | None:
        """The pattern with day and month swapped."""
        for one, two in SWAPPED.items():
            if self.pattern and one in self.pattern:
                return self.pattern.replace(one, two)
        return None


def recognise(con: duckdb.DuckDBPyConnection, table: str, c: str, name: str) -> Form | None:
    """The form of a column that holds times, or None."""
    con.execute(
        f"create or replace temp table seen as select distinct {c} as v from {table} where {c} is not null limit 5000"
    )
    whole = _hits(con, "regexp_full_match(v, '\\d+')")
    if whole > 0.98:
        return _counted(con, name)
    if _hits(con, "try_cast(v as timestamptz) is not null and regexp_matches(v, '^\\d{4}[-/]')") > 0.95:
        return Form(
            has_offset=_hits(con, f"regexp_matches(v, '{OFFSET}')") > 0.9, has_hours=_hits(con, "length(v) > 10") > 0.5
        )
    return _formatted(con)


def _hits(con: duckdb.DuckDBPyConnection, condition: str) -> float:
    return float(con.execute(f"select coalesce(avg(({condition})::int), 0) from seen").fetchall()[0][0])


def _counted(con: duckdb.DuckDBPyConnection, name: str) -> Form | None:
    """Dates as 20240131, or seconds or milliseconds since 1970, in a column whose name speaks of time."""
    is_time = bool({"at", "created", "start", "end", "updated"} & set(words_of(name)))
    for pattern in COMPACT if is_time else ():
        digits = 8 if pattern == COMPACT[0] else 14
        if _hits(con, f"length(v) = {digits} and try_strptime(v, '{pattern}') is not null") > 0.98:
            return Form(pattern, has_hours=digits > 8)
    for unit in (1, 1_000) if is_time else ():
        if _hits(con, f"try_cast(v as bigint) between {600_000_000 * unit} and {4_000_000_000 * unit}") > 0.98:
            return Form(has_offset=True, epoch=unit)
    return None


def _is_read(pattern: str) -> str:
    """%Y reads 26 as the year 26, so a year of four digits is asked of it."""
    read = f"try_strptime(v, '{pattern}') is not null"
    return f"{read} and regexp_matches(v, '(^|\\D)\\d{{4}}(\\D|$)')" if "%Y" in pattern else read


def _formatted(con: duckdb.DuckDBPyConnection) -> Form | None:
    # Each pattern has a day and a year with something between them; to try them all takes longer than to look.
    if _hits(con, "regexp_matches(v, '\\d\\D+\\d')") <= 0.95:
        return None
    patterns = [day + hour for hour in HOURS for day in DAYS]
    columns = ", ".join(f"avg(({_is_read(pattern)})::int)" for pattern in patterns)
    shares = con.execute(f"select {columns} from seen").fetchall()[0]
    fitting = {pattern: value for pattern, value in zip(patterns, shares, strict=True) if value and value > 0.95}
    if not fitting:
        return None
    best = max(fitting, key=lambda pattern: (round(fitting[pattern], 3), -patterns.index(pattern)))
    form = Form(best, has_hours="%H" in best or "%I" in best)
    return Form(best, has_hours=form.has_hours, is_ambiguous=form.other in fitting)
