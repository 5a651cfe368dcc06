"""Values and ranges as people read them: shares in per cent, money with its currency, whole days."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# Decimals of a share in a range: its edges lie closer to each other than values need.
EDGE_DECIMALS = 1


@dataclass(frozen=True)
class Unit:
    """What a characteristic is told in. A share is multiplied by 100; `word` follows a number, as a currency does."""

    is_share: bool = False
    is_money: bool = False
    word: str = ""
    decimals: int = 0

    def value(self, value: Any) -> str:
        """A value: 0.4761 is 48 %, 4486.3 is 4,486 EUR. What is no number is told as it is."""
        if value is None:
            return "unknown"
        if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
            return str(value)
        return self._told(float(value), self.decimals)

    def range(self, row: Mapping[str, Any]) -> str:
        """A bin of a scorecard; its label where it is no range."""
        lower, upper = row.get("lower"), row.get("upper")
        if row["bin"] < 0 or row.get("categories"):
            return str(row["label"])
        if lower is None and upper is not None:
            return "none" if self._counts and upper == 1 else f"below {self._edge(upper)}"
        if lower is None:
            return str(row["label"])
        if upper is None:
            return self._edge(lower) if self.is_share and lower == 1 else f"{self._edge(lower)} or more"
        return f"{self._edge(lower).rsplit(' ', 1)[0]} to below {self._edge(upper)}"

    def goal(self, row: Mapping[str, Any], *, rises: bool) -> str:
        """What is to be reached for a bin, from below (where the value rises) or from above."""
        one_sided = {"upper": None} if rises else {"lower": None}
        return self.range({**row, **one_sided}) if row["bin"] >= 0 and not row.get("categories") else self.range(row)

    @property
    def _counts(self) -> bool:
        return not self.is_share and not self.is_money

    def _edge(self, edge: float) -> str:
        decimals = max(self.decimals, EDGE_DECIMALS) if self.is_share else self.decimals
        return self._told(edge, decimals)

    def _told(self, number: float, decimals: int) -> str:
        number = number * 100 if self.is_share else number
        if not abs(number) < 1e15:
            return f"{number:g}"
        told = f"{rounded(number, decimals):,.{decimals}f}"
        told = told.removesuffix(".0") if self.is_share else told
        word = "day" if self.word == "days" and told == "1" else self.word
        return f"{told} {'%' if self.is_share else word}".rstrip()


PLAIN = Unit()


def unit_of(text: Mapping[str, Any], currency: str) -> Unit:
    """The unit of a characteristic, by its row of the seed credit_reason_texts."""
    name, said = str(text.get("characteristic") or ""), str(text.get("text") or "")
    is_share, is_money = float(text.get("multiplier") or 1) == 100, "{currency}" in said
    is_days = "days" in name.split("_") and not name.startswith("n_")
    word = currency if is_money else "days" if is_days and not is_share else ""
    return Unit(is_share=is_share, is_money=is_money, word=word, decimals=int(text.get("decimals") or 0))


def money(amount: float, currency: str) -> str:
    """An amount in whole units of a currency."""
    return Unit(is_money=True, word=currency).value(amount)


def share(part: float, decimals: int = 1) -> str:
    """A share in per cent."""
    return Unit(is_share=True, decimals=decimals).value(part)


def rounded(number: float, decimals: int) -> float:
    """A half away from zero, as SQL has it; no zero is negative."""
    scale = 10**decimals
    return math.copysign(math.floor(abs(number) * scale + 0.5), number) / scale + 0.0
