"""From any DuckDB type to a contract type, as SQL that is null where a value does not convert."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from clientele.landing import zones
from clientele.landing.lake import quoted

NOUNS = {
    "integer": "a whole number",
    "bigint": "a whole number",
    "decimal": "a number",
    "double": "a number",
    "date": "a date",
    "timestamp": "a time",
    "boolean": "true or false",
    "varchar": "text",
}
WHOLE = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}


@dataclass(frozen=True)
class Clock:
    """How local times become UTC."""

    zone: str = "UTC"
    ambiguous: str = "refuse"

    def to_utc(self, local: str) -> str:
        """SQL for the UTC time of a local one."""
        return zones.to_utc_sql(local, self.zone, self.ambiguous)

    def trouble(self, local: str) -> str:
        """SQL for why a local time has no UTC time."""
        return zones.trouble_sql(local, self.zone, self.ambiguous)

    @property
    def is_plain(self) -> bool:
        """Whether local time is UTC."""
        return zones.is_plain(self.zone)


def family(data_type: str) -> str:
    """text, whole, decimal, double, boolean, date, timestamp, zoned or other."""
    base = re.sub(r"\(.*", "", data_type.upper())
    if data_type.endswith("]") or data_type.upper().startswith(("STRUCT", "MAP", "UNION", "LIST")):
        return "nested"
    if base in ("VARCHAR", "JSON", "ENUM", "UUID"):
        return "text"
    if base in WHOLE:
        return "whole"
    if base == "TIMESTAMP WITH TIME ZONE":
        return "zoned"
    if base.startswith("TIMESTAMP"):
        return "timestamp"
    return {"DECIMAL": "decimal", "DOUBLE": "double", "FLOAT": "double", "BOOLEAN": "boolean", "DATE": "date"}.get(
        base, "other"
    )


def noun(target: str) -> str:
    """What a value of that type is called in a reason."""
    return NOUNS[re.sub(r"\(.*", "", target)]


def hint(given: str, target: str) -> str:
    """SQL that appends to a reason how such a value is read, where it looks like a known way of writing it."""
    if target in ("date", "timestamp"):
        form, told = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*", "declare its form under types, such as timestamp %d/%m/%Y"
    elif target.startswith(("decimal", "double", "integer", "bigint")):
        form, told = (
            r"[^0-9]*\d[0-9., ]*[.,]\d+[^0-9]*",
            "take signs and separators out in the sql, such as by replace()",
        )
    else:
        return ""
    return f" || case when regexp_full_match(trim({given}), '{form}') then '; {told}' else '' end"


def convert(value: str, source_type: str, target: str) -> str:
    """SQL for ``value`` as ``target``. Times stay as written (see ``local_time``); text must not be blank."""
    base = re.sub(r"\(.*", "", target)
    return _CONVERTERS[base](value, family(source_type), target)


def _to_varchar(value: str, kind: str, _: str) -> str:
    if kind == "double":  # a key that some tool held as a float: 17850.0 is 17850
        is_whole = f"{value} = trunc({value}) and abs({value}) < 1e15"
        return f"case when {is_whole} then {value}::bigint::varchar else {value}::varchar end"
    if kind == "nested":
        return f"to_json({value})::varchar"
    return value if kind == "text" else f"{value}::varchar"


def _to_whole(value: str, kind: str, target: str) -> str:
    if kind == "text":
        return (
            f"case when not contains({value}, '.') then try_cast({value} as {target}) "
            f"when regexp_full_match(trim({value}), '[+-]?\\d+\\.0*') "
            f"then try_cast(split_part({value}, '.', 1) as {target}) end"
        )
    if kind in ("double", "decimal"):
        return f"case when {value} = trunc({value}) then try_cast({value} as {target}) end"
    return f"try_cast({value} as {target})" if kind in ("whole", "boolean") else f"null::{target}"


def _to_number(value: str, kind: str, target: str) -> str:
    return f"try_cast({value} as {target})" if kind in ("text", "whole", "decimal", "double") else f"null::{target}"


def _to_boolean(value: str, kind: str, _: str) -> str:
    if kind == "whole":
        return f"case {value} when 1 then true when 0 then false end"
    return f"try_cast({value} as boolean)" if kind in ("text", "boolean") else "null::boolean"


def _to_date(value: str, kind: str, _: str) -> str:
    if kind == "text":
        return f"coalesce(try_cast({value} as date), try_cast({value} as timestamp)::date)"
    return f"{value}::date" if kind in ("date", "timestamp", "zoned") else "null::date"


def _to_timestamp(value: str, kind: str, _: str) -> str:
    return f"try_cast({value} as timestamp)" if kind in ("text", "date", "timestamp") else "null::timestamp"


_CONVERTERS: dict[str, Callable[[str, str, str], str]] = {
    "varchar": _to_varchar,
    "integer": _to_whole,
    "bigint": _to_whole,
    "decimal": _to_number,
    "double": _to_number,
    "boolean": _to_boolean,
    "date": _to_date,
    "timestamp": _to_timestamp,
}


def local_time(value: str, source_type: str) -> str:
    """SQL for a time without an offset, as written; null where the value carries one."""
    local = convert(value, source_type, "timestamp")
    return f"case when not ({has_offset(value)}) then {local} end" if family(source_type) == "text" else local


def zoned_time(value: str, source_type: str) -> str | None:
    """SQL for the UTC time of a value that carries its own offset, or None if its type cannot carry one."""
    kind = family(source_type)
    if kind == "zoned":
        return f"timezone('UTC', {value})"
    return (
        f"case when {has_offset(value)} then timezone('UTC', try_cast({value} as timestamptz)) end"
        if kind == "text"
        else None
    )


def has_offset(text: str) -> str:
    """SQL: whether a time in text ends in Z, an offset or a zone."""
    return f"length({text}) > 16 and regexp_matches(substr({text}, 12), '[A-Za-z+-]')"


def declared(column: str, source_type: str, declaration: str, zone: str) -> tuple[str, str]:
    """SQL and noun for a column declared under ``types:``, such as ``timestamp %d/%m/%Y``."""
    base, _, form = declaration.partition(" ")
    if form and family(source_type) == "text":
        parsed = f"try_strptime({column}, '{quoted(form)}')"
        return (f"{parsed}::date" if base == "date" else parsed), f"{noun(base)} of the form {form}"
    if base == "timestamp" and family(source_type) == "text":
        there = f"timezone('{zone}', try_cast({column} as timestamptz))"  # back to local: the loader shifts all alike
        return f"case when {has_offset(column)} then {there} else try_cast({column} as timestamp) end", noun(base)
    target = {"integer": "bigint", "decimal": "decimal(18,6)"}.get(base, base)
    return convert(column, source_type, target), noun(base)
