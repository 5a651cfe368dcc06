"""One pass from mapped rows to the contract: converted, completed and checked, as one nested select.

Layers, inside out: blank text becomes null; values are converted; local times become UTC; rows that break
a rule get a ``_refusal`` (JSON: column, value, kind, reason, row). The conditions are cheap and run on every row; the
sentences are only made for rows that are refused.
"""

from __future__ import annotations

import datetime as dt

from clientele.contract import Column, Entity
from clientele.landing import conversions as conv
from clientele.landing.errors import LandingError, near
from clientele.landing.lake import quoted
from clientele.landing.mapping import EntityMapping
from clientele.landing.mapping_sql import FILE, ROW
from clientele.landing.rules import Rule, value_rules

# Number of a staged row within its file: as the source told it, else its place (see MappedQuery).
STAGED_ROW = "coalesce(_row, rowid + 1)"
LOADED_AT = Column(name="loaded_at", data_type="timestamp", description="When the row could first be known.")


class RowPass:
    """Builds the select that turns a mapped query into staged rows of one entity."""

    def __init__(
        self, entity: Entity, mapping: EntityMapping, types: dict[str, str], now: dt.datetime, mode: str
    ) -> None:
        self.entity, self.mapping, self.now, self.mode = entity, mapping, now, mode
        self.types = _by_contract(entity, mapping, types)
        self.clock = conv.Clock(mapping.timezone, mapping.ambiguous_times)
        self.gives_loaded_at = "loaded_at" in self.types
        self._check_columns()

    @property
    def columns(self) -> list[Column]:
        """The contract's columns, and loaded_at where the SQL gives it."""
        return [*self.entity.columns.values(), *([LOADED_AT] if self.gives_loaded_at else [])]

    def select(self, mapped: str, several_files: bool) -> str:
        """The staged rows: contract columns, loaded_at, _row, _file, _refusal."""
        file = FILE if several_files else f"null::varchar as {FILE}"
        names = ", ".join(f'"{name}" as "r:{name}"' for name in self.types)
        inner = f"select {ROW}, {file}, {names} from (\n{mapped}\n)"
        for layer in (self._blanked(), self._converted(), self._in_utc()):
            inner = f"select {ROW}, {FILE}, {layer} from (\n{inner}\n)"
        outputs = ", ".join(f'"{name}"' for name in self.entity.columns)
        return (
            f"select {outputs}, {self._loaded_at()} as loaded_at, {ROW} as _row, {FILE} as _file, "
            f"{self._refusal()} as _refusal from (\n{inner}\n)"
        )

    def _check_columns(self) -> None:
        missing = [c.name for c in self.entity.columns.values() if c.required and c.name not in self.types]
        if missing:
            raise LandingError(
                f"sql of {self.entity.name} gives no {', '.join(missing)}", column=missing[0],
                remedy=f"of {', '.join(self.mapping.paths)} it gives {', '.join(self.types) or 'nothing'}; "
                f"name the column with `... as {missing[0]}`",
            )  # fmt: skip
        money = [c.name for c in self._money() if c.name in self.types]
        currency = self._currency_column()
        if money and currency and currency not in self.types and not self.mapping.currency:
            raise LandingError(
                f"{self.entity.name} has money ({', '.join(money)}) but no currency", column=currency,
                remedy="add `currency: EUR` (your code) to the mapping, or give the column in the sql",
            )  # fmt: skip

    def _money(self) -> list[Column]:
        return [c for c in self.entity.columns.values() if c.data_type.startswith("decimal") and c.name != "quantity"]

    def _currency_column(self) -> str | None:
        names = [c.name for c in self.entity.columns.values() if c.currency and not c.required]
        return names[0] if names else None

    def _raws(self) -> str:
        return ", ".join(f'"r:{name}"' for name in self.types)

    def _is_text(self, name: str) -> bool:
        return conv.family(self.types[name]) == "text"

    def _blanked(self) -> str:
        """Blank text is null. Only text that begins below '!' can be blank, which spares the rest a trim."""
        parts = []
        for name in self.types:
            raw = f'"r:{name}"'
            blank = (
                f"case when {raw} < '!' and trim({raw}::varchar, ' \t\r\n\xa0') = '' then null else {raw}::varchar end"
            )
            parts.append(f'{blank if self._is_text(name) else raw} as "t:{name}"')
        return f"{self._raws()}, {', '.join(parts)}"

    def _converted(self) -> str:
        parts = [self._raws(), *(f'"t:{name}"' for name in self.types)]
        for column in self.columns:
            value = f'"t:{column.name}"'
            if column.name not in self.types:
                default = f"'{self.mapping.currency}'" if self._takes_currency(column) else "null"
                parts.append(f'{default}::{column.data_type} as "c:{column.name}"')
            elif column.data_type == "timestamp":
                parts += self._times(column.name, value)
            else:
                parts.append(f'{self._value(column, value)} as "c:{column.name}"')
        return ", ".join(parts)

    def _takes_currency(self, column: Column) -> bool:
        return column.currency and not column.required and self.mapping.currency is not None

    def _value(self, column: Column, value: str) -> str:
        converted = conv.convert(value, self.types[column.name], column.data_type)
        if column.accepted:
            choices = ", ".join(f"'{quoted(item)}'" for item in column.accepted)
            spelt = " ".join(f"when '{quoted(item.lower())}' then '{quoted(item)}'" for item in column.accepted)
            other = f"case lower(trim({converted})) {spelt} else {converted} end"
            return f"case when {converted} is null or {converted} in ({choices}) then {converted} else {other} end"
        if column.currency:
            own = self.mapping.currency
            upper = f"upper(trim({converted}))"
            if self._takes_currency(column):
                return f"case when {converted} is null or {converted} = '{own}' then '{own}' else {upper} end"
            return upper
        return converted

    def _times(self, name: str, value: str) -> list[str]:
        zoned = conv.zoned_time(value, self.types[name])
        kind = conv.family(self.types[name])
        if zoned and kind == "zoned":
            return [f'{zoned} as "c:{name}"']
        return [
            f'{conv.local_time(value, self.types[name])} as "l:{name}"',
            *([f'{zoned} as "z:{name}"'] if zoned else []),
        ]

    def _in_utc(self) -> str:
        parts = [self._raws(), *(f'"t:{name}"' for name in self.types)]
        for column in self.columns:
            name = column.name
            kind = conv.family(self.types[name]) if name in self.types else ""
            if column.data_type != "timestamp" or kind in ("", "zoned"):
                parts.append(f'"c:{name}" as "{name}"')
                continue
            utc = self.clock.to_utc(f'"l:{name}"')
            both = f'coalesce("z:{name}", {utc})' if kind == "text" else utc
            parts += [f'{both} as "{name}"', f'"l:{name}"']
        return ", ".join(parts)

    def _loaded_at(self) -> str:
        clock, now = f'"{self.entity.clock}"::timestamp', f"timestamp '{self.now}'"
        planned = self.entity.clock_is_planned
        history = (
            f"case when {clock} is null then timestamp '1970-01-01' else least({clock}, {now}) end"
            if planned
            else clock
        )
        default = now if self.mode == "live" else history
        chosen = f"coalesce(loaded_at, {default})" if self.gives_loaded_at else default
        return chosen if planned else f"greatest({chosen}, {clock})"

    def _refusal(self) -> str:
        rules = self._rules()
        row = ", ".join(f"'{quoted(name)}', \"r:{name}\"" for name in self.types)
        branches = " ".join(
            f"when {rule.condition} then json_object("
            f"'column', '{rule.column}', 'value', {self._as_given(rule.column)}, "
            f"'kind', '{quoted(rule.kind)}', 'reason', {rule.reason}{self._local(rule)})"
            for rule in rules
        )
        anything = " or ".join(f"({rule.condition})" for rule in rules)
        why = f"(case {branches} end)::varchar"
        detail = f"""'{{"why":' || {why} || ',"row":' || json_object({row})::varchar || '}}'"""
        return f"case when {anything} then {detail} end"

    @staticmethod
    def _local(rule: Rule) -> str:
        return f", 'local', {rule.local}" if rule.local else ""

    def _is_local(self, column: Column) -> bool:
        """Whether a value of the column may be a time that its zone skips or repeats."""
        kinds = ("text", "timestamp", "date")
        return (
            column.data_type == "timestamp"
            and not self.clock.is_plain
            and conv.family(self.types[column.name]) in kinds
        )

    def _as_given(self, name: str) -> str:
        return f'"r:{name}"::varchar' if name in self.types else "null"

    def _rules(self) -> list[Rule]:
        rules = []
        for column in self.columns:
            rules += self._reading_rules(column)
            if column.name in self.types:
                rules += value_rules(column, self._as_given(column.name), self.mapping.currency, self.now)
        currency = self._currency_column()
        money = [f'"{c.name}" is not null' for c in self._money() if c.name in self.types]
        if currency and money and not self.mapping.currency:
            rules.append(
                Rule(currency, f'"{currency}" is null and ({" or ".join(money)})', "is empty beside an amount",
                     f"'{currency} is empty beside an amount: add `currency:` to the mapping for rows without'")
            )  # fmt: skip
        return rules

    def _reading_rules(self, column: Column) -> list[Rule]:
        name, rules = column.name, []
        if name in self.types and column.data_type != "varchar":
            kind, given = f"is not {conv.noun(column.data_type)}", self._as_given(name)
            reason = f"'{name} ''' || {given} || ''' {kind}'{conv.hint(given, column.data_type)}"
            local = f'"l:{name}"::varchar' if self._is_local(column) else None
            rules.append(Rule(name, f'"t:{name}" is not null and "{name}" is null', kind, reason, local))
        if column.required:
            rules.append(Rule(name, f'"{name}" is null', "is empty", f"'{name} is empty, but required'"))
        return rules


def _by_contract(entity: Entity, mapping: EntityMapping, types: dict[str, str]) -> dict[str, str]:
    """The mapped columns under the contract's spelling, without what the loader itself added."""
    known = {name.lower(): name for name in [*entity.columns, "loaded_at"]}
    ours = {}
    for name, data_type in types.items():
        if name in ("_source_file", "_source_row", "_broken_line"):
            continue
        if name.lower() not in known:
            raise LandingError(
                f"sql of {entity.name} gives a column that the contract does not know{near(name, known)}",
                file=", ".join(mapping.paths), column=name,
                remedy=f"known are {', '.join(entity.columns)}; leave it out or rename it in the sql",
            )  # fmt: skip
        if name.lower() in ours or conv.family(data_type) == "other":
            problem = "twice" if name.lower() in ours else f"as {data_type}"
            raise LandingError(
                f"sql of {entity.name} gives a column {problem}", column=name, remedy="cast or rename it in the sql"
            )
        ours[known[name.lower()]] = data_type
    return ours
