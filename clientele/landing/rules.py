"""What a converted value is held to, as conditions in SQL with the sentence that a refused row gets."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clientele.contract import Column
from clientele.landing.lake import quoted

EARLIEST = "timestamp '1900-01-01'"


@dataclass(frozen=True)
class Rule:
    """A condition under which a row is refused (SQL) and how the refusal reads."""

    column: str
    condition: str
    kind: str  # groups refusals in the report
    reason: str  # SQL text
    local: str | None = None  # SQL: the local time of which the zone may say more


@dataclass(frozen=True)
class _Limit:
    condition: str
    kind: str
    remedy: str = ""


def value_rules(column: Column, given: str, own_currency: str | None, now: dt.datetime) -> list[Rule]:
    """The rules of one column; ``given`` is SQL for the value as the source gave it."""
    limits = [*_accepted(column), *_currency(column, own_currency), *_bounds(column), *_times(column, now)]
    said = f"'{column.name} ''' || {given} || ''' "
    return [
        Rule(column.name, limit.condition, limit.kind, f"{said}{quoted(limit.kind + limit.remedy)}'")
        for limit in limits
    ]


def _accepted(column: Column) -> list[_Limit]:
    if not column.accepted:
        return []
    choices = ", ".join(f"'{quoted(item)}'" for item in column.accepted)
    remedy = f": it is none of {', '.join(column.accepted)}; translate it in the sql"
    return [_Limit(f'"{column.name}" not in ({choices})', "is no accepted value", remedy)]


def _currency(column: Column, own: str | None) -> list[_Limit]:
    if not column.currency:
        return []
    value = f'"{column.name}"'
    other = f"{value} <> '{own}' and " if own else ""  # spares most rows the look-up
    condition = f"{other}{value} is not null and try_cast({value} as iso4217) is null"
    return [_Limit(condition, "is no ISO 4217 code", "; translate it in the sql, such as to EUR")]


def _bounds(column: Column) -> list[_Limit]:
    value = f'"{column.name}"'
    found = [_Limit(f"not isfinite({value})", "is not a finite number")] if column.data_type == "double" else []
    limits = ((column.min, "<", "is below"), (column.above, "<=", "is not above"), (column.max, ">", "is above"))
    for limit, operator, words in limits:
        if limit is not None:
            found.append(_Limit(f"{value} {operator} {limit:g}", f"{words} {limit:g}", ", the limit of the contract"))
    return found


def _times(column: Column, now: dt.datetime) -> list[_Limit]:
    if column.data_type not in ("timestamp", "date"):
        return []
    value = f'"{column.name}"'
    found = []
    if column.data_type == "timestamp":
        remedy = "; read such a placeholder as null in the sql"
        found.append(_Limit(f"{value} < {EARLIEST}", "is before 1900", remedy))
    if column.may_be_future:
        found.append(_Limit(f"not isfinite({value})", "is no moment", "; read it as null in the sql"))
    else:
        tomorrow = now + dt.timedelta(days=1)
        told = f": this load is of {now:%Y-%m-%d %H:%M} UTC"
        found.append(_Limit(f"{value} > timestamp '{tomorrow}'", "lies in the future", told))
    return found
