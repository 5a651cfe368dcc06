"""SQL for one contract column from one column of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import duckdb

from clientele.contract import Column as Wanted
from clientele.mapping_draft import phrases
from clientele.mapping_draft.sample import Column, Sample, ident
from clientele.mapping_draft.words import words_of

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NUMBERS = ("decimal", "double", "integer", "bigint")


@dataclass
class Part:
    """One output column of a select: its SQL and what is to be asked about it."""

    alias: str
    sql: str
    question: str | None = None

    def ask(self, question: str | None) -> None:
        """Ask this too."""
        if question and question not in (self.question or ""):
            stop = " " if (self.question or "").endswith((".", "?")) else ". "
            self.question = f"{self.question}{stop}{question}" if self.question else question


@dataclass
class Reader:
    """Writes expressions over one file and remembers the types that must be declared for them."""

    sample: Sample
    reserved: frozenset[str]
    prefix: str = ""  # "source." where further relations are joined
    types: dict[str, str] = field(default_factory=dict)
    can_declare: bool = True  # a lookup's columns cannot be declared

    def name(self, column: Column) -> str:
        """The column's name in SQL."""
        plain = PLAIN.fullmatch(column.name) and column.name.lower() not in self.reserved
        return self.prefix + (column.name if plain else ident(column.name))

    def value(self, wanted: Wanted, column: Column) -> Part:
        """The column as the contract wants it."""
        if wanted.accepted:
            return self._accepted(wanted, column)
        if wanted.data_type in ("timestamp", "date"):
            return Part(wanted.name, self.time(column), self._time_question(column))
        if wanted.data_type == "boolean" and {"ja", "nein"} & {v.lower() for v in column.values}:
            return Part(wanted.name, f"case lower({self.name(column)}) when 'ja' then true when 'nein' then false end")
        if column.amount and wanted.data_type.startswith(NUMBERS):
            return Part(wanted.name, column.amount.sql(self.name(column)), column.amount.question)
        is_key = column.has_point and wanted.data_type == "varchar"
        return Part(wanted.name, self.key(column) if is_key else self.name(column))

    def number(self, column: Column) -> str:
        """The column as something to calculate with."""
        if column.amount:
            return f"try_cast({column.amount.sql(self.name(column))} as decimal(18, 4))"
        if column.name in self.sample.typed:
            return self.name(column) + ("" if column.kind == "integer" else "::decimal(18, 4)")
        if not self.can_declare:
            return f"try_cast({self.name(column)} as decimal(18, 4))"
        self.types[column.name] = "integer" if column.kind == "integer" else "decimal"
        return self.name(column)

    def key(self, column: Column) -> str:
        """The column as a key: 17850.0 is 17850."""
        if column.has_point and column.name not in self.sample.typed and self.can_declare:
            self.types[column.name] = "integer"
        return self.name(column)

    def time(self, column: Column, *, sortable: bool = False) -> str:
        """The column as a time; ``sortable`` where the SQL takes the first of several."""
        form, name = column.form, self.name(column)
        if form is None:
            return name
        if form.epoch:
            return f"to_timestamp(try_cast({name} as bigint){' / 1000' if form.epoch > 1 else ''})"
        if form.pattern and (not self.can_declare or column.name in self.sample.typed):
            return f"try_strptime({name}::varchar, '{form.pattern}')"
        if form.pattern:
            self.types[column.name] = f"timestamp {form.pattern}"
        elif sortable and self.can_declare and column.name not in self.sample.typed:
            self.types[column.name] = "timestamp"
        return name

    def _time_question(self, column: Column) -> str | None:
        form, asked = column.form, []
        if form and form.is_ambiguous:
            asked.append(
                f"day or month first? Read as {form.pattern}; if it is the other way, declare {form.other} under types"
            )
        if form and form.has_short_year and "birth" in words_of(column.name):
            asked.append("years of two digits: 00 to 68 are read as 2000 to 2068, so who was born before 1969?")
        return " ".join(f"{one}." if one[-1] != "?" else one for one in asked) or None

    def _accepted(self, wanted: Wanted, column: Column) -> Part:
        entity_words = [words for key, words in phrases.VALUES.items() if key.split(".")[-1] == wanted.name]
        spelt = {value.lower(): value for value in wanted.accepted}
        for words in entity_words:
            spelt |= {
                w.replace("_", " "): value
                for value, names in words.items()
                for w in names.split()
                if value in wanted.accepted
            }
        return self._case(wanted, column, spelt)

    def _case(self, wanted: Wanted, column: Column, spelt: dict[str, str]) -> Part:
        name = self.name(column)
        told = {v: _known(v, spelt) or _cancelled(v, wanted) for v in column.values}
        if all(known and known == v.lower() for v, known in told.items()):
            return Part(wanted.name, name)
        unknown = [v for v, known in told.items() if not known]
        branches = "".join(f" when {_text(v)} then {_text(k)}" for v, k in told.items() if k and k != v.lower())
        ask = None
        if unknown:
            ask = f"{', '.join(map(repr, unknown[:8]))}: which of {', '.join(wanted.accepted)}?"
            ask += " Until then the rows are refused" if wanted.required else " Until then read as empty"
        rest = name if wanted.required or not unknown else "null"
        keep = "".join(
            f" when {_text(v)} then {_text(k)}" for v, k in told.items() if k and k == v.lower() and rest == "null"
        )
        cases = branches + keep
        if not cases:
            return Part(wanted.name, name if rest == name else "null::varchar", ask)
        text = f"case {name}{cases} else {rest} end"
        if len(text) > 90:
            text = text.replace(" when ", "\n        when ").replace(
                f" else {rest} end", f"\n        else {rest}\n    end"
            )
        return Part(wanted.name, text, ask)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _known(value: str, spelt: dict[str, str]) -> str | None:
    """The accepted value that a word stands for."""
    word = value.lower()
    return spelt.get(word.replace("_", " ")) or spelt.get(word) or spelt.get(re.sub(r"[\s_-]+", " ", word))


def _cancelled(value: str, wanted: Wanted) -> str | None:
    """Cancelled by the customer is cancelled."""
    is_cancelled = wanted.name == "status" and re.search(phrases.CANCELLED, value.lower())
    return "cancelled" if is_cancelled and "cancelled" in wanted.accepted else None


def reserved_words(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Words that SQL keeps for itself."""
    rows = con.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'").fetchall()
    return frozenset(row[0].lower() for row in rows)
