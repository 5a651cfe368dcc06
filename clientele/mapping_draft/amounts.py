"""How a column writes amounts: which mark stands before the decimals, what stands beside, how a minus is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb

SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
CODES = ("EUR", "USD", "GBP", "CHF", "JPY")
MARK = f"(?i)[{''.join(SIGNS)}]|{'|'.join(CODES)}"
DIGITS = r"(\d+([.,]\d+)?|\d{1,3}(\.\d{3})+(,\d+)?|\d{1,3}(,\d{3})+(\.\d+)?|\d{1,3}(\s\d{3})+[.,]\d+)"
AMOUNT = rf"\(\s*{DIGITS}\s*\)|[+-]?\s*{DIGITS}|{DIGITS}\s*-"
POINT_FIRST = ("USD", "GBP", "JPY")  # whose 1,234 is rather a thousand than a fraction


@dataclass(frozen=True)
class Form:
    """What the sample shows of a column of amounts."""

    filled: int
    hits: int  # cells that are amounts
    comma: int  # cells whose comma is the decimal mark without doubt
    point: int
    either: int  # cells such as 1,234
    long_comma: int  # cells such as 1.234,50
    long_point: int
    parentheses: int
    trailing: int
    spaced: int
    marks: tuple[tuple[str, int], ...]  # what stands beside the digits, commonest first, with its cells
    odd: tuple[str, ...]  # some of the cells that are no amounts

    @property
    def is_likely(self) -> bool:
        """Whether a column with other cells in it is one of amounts all the same."""
        return self.hits >= 0.5 * self.filled and bool(self.comma or self.point or self.marks)

    @property
    def codes(self) -> dict[str, int]:
        """The currencies beside the amounts."""
        found: Counter[str] = Counter()
        for mark, cells in self.marks:
            found[SIGNS.get(mark, mark.upper())] += cells
        return dict(found.most_common())

    @property
    def is_comma(self) -> bool:
        """Whether the comma is the decimal mark, of most cells or in all probability."""
        if self.comma or self.point:
            return self.comma > self.point
        return not set(self.codes) & set(POINT_FIRST)

    def sql(self, name: str) -> str:
        """The amount as text that converts; what the sample does not show is left as it is, so that it is refused."""
        is_signed = self.parentheses or self.trailing
        words = "|".join(mark.lower() for mark, _ in self.marks if len(mark) > 1)
        signs = "".join(mark for mark, _ in self.marks if len(mark) == 1)
        bare = name
        if self.marks or is_signed or self.spaced:
            pattern = f"[{signs}\\s\\pZ]" + (f"|{words}" if words else "")
            bare = f"regexp_replace({name}, '{'(?i)' if words else ''}{pattern}', '', 'g')"
        text = self._decimal(bare)
        return f"regexp_replace({text}, '^\\((.*)\\)$|^(.*)-$', '-\\1\\2')" if is_signed else text

    def _decimal(self, bare: str) -> str:
        thousand, other = (".", ",") if self.is_comma else (",", ".")
        mark = "\\." if thousand == "." else ","
        text = f"replace(regexp_replace({bare}, '{mark}(\\d{{3}})\\b', '\\1', 'g'), ',', '.')"
        if self.is_comma and self.long_point:
            return f"case when {bare} like '%{other}%{thousand}%' then replace({bare}, ',', '') else {text} end"
        if not self.is_comma and self.long_comma:
            swapped = f"replace(replace({bare}, '.', ''), ',', '.')"
            return f"case when {bare} like '%{other}%{thousand}%' then {swapped} else {text} end"
        return text

    @property
    def question(self) -> str | None:
        """What the sample leaves open."""
        asked = []
        like = "1.234 as 1234 and 1,234 as 1.234" if self.is_comma else "1,234 as 1234 and 1.234 as 1.234"
        if self.comma and self.point:
            asked.append(
                f"two formats: {self.comma} cells write 12,50 and {self.point} write 12.50. Each is read by its own "
                f"mark, {like}: is that right?"
            )
        elif self.either and not self.comma and not self.point:
            asked.append(f"is the comma the decimal mark? {self.either} cells could be either; read {like}.")
        if len(self.codes) > 1:
            told = ", ".join(f"{code} ({cells})" for code, cells in self.codes.items())
            asked.append(f"several currencies in one column: {told}. Which does each row go into `currency` with?")
        if self.hits < self.filled and self.odd:
            told = ", ".join(map(repr, self.odd))
            asked.append(f"{self.filled - self.hits} of {self.filled} cells are no amount, such as {told}: refused.")
        return " ".join(asked) or None


def recognise(con: duckdb.DuckDBPyConnection, table: str, c: str) -> Form | None:
    """The form of a column in which some cells are amounts, or None."""
    t, bare = "t", f"trim(regexp_replace({c}, '{MARK}', '', 'g'))"
    tests = (
        f"regexp_matches({t}, ',(\\d{{1,2}}|\\d{{4,}})\\D*$|\\.\\d{{3}},\\d|(\\.\\d{{3}}){{2}}')",
        f"regexp_matches({t}, '\\.(\\d{{1,2}}|\\d{{4,}})\\D*$|,\\d{{3}}\\.\\d|(,\\d{{3}}){{2}}')",
        f"regexp_matches({t}, '^\\D*\\d{{1,3}}[.,]\\d{{3}}\\D*$')",
        f"{t} like '%.%,%'", f"{t} like '%,%.%'", f"{t} like '(%'", f"{t} like '%-'", f"regexp_matches({t}, '\\d\\s')",
    )  # fmt: skip
    counts = ", ".join(f"count(*) filter (where ok and {test})" for test in tests)
    filled, hits, *found = con.execute(
        f"select count(*), count(*) filter (where ok), {counts} from (select t, regexp_full_match(t, '{AMOUNT}') as ok "
        f"from (select {bare} as t from {table} where {c} is not null))"
    ).fetchall()[0]
    if not hits:
        return None
    is_amount = f"regexp_full_match({bare}, '{AMOUNT}')"
    marks = con.execute(
        f"select regexp_extract({c}, '{MARK}') as mark, count(*) from {table} where {is_amount} group by 1 "
        "having mark <> '' order by 2 desc, 1"
    ).fetchall()
    odd = con.execute(
        f"select {c} from {table} where {c} is not null and not {is_amount} "
        "group by 1 order by count(*) desc, 1 limit 3"
    ).fetchall()
    comma, point, either, long_comma, long_point, parentheses, trailing, spaced = found
    return Form(
        filled, hits, comma, point, either, long_comma, long_point, parentheses, trailing, spaced,
        marks=tuple((str(mark), cells) for mark, cells in marks), odd=tuple(str(value)[:40] for (value,) in odd),
    )  # fmt: skip
