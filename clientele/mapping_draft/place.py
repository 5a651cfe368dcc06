"""The time zone and the currency of a company, guessed from its files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from clientele.landing.mapping import iso_currencies
from clientele.mapping_draft.entities import EntityDraft
from clientele.mapping_draft.sample import Sample
from clientele.mapping_draft.words import words_of

WORDS = {"dollars": "USD", "dollar": "USD", "euro": "EUR", "euros": "EUR", "pounds": "GBP"}


def country(samples: Iterable[Sample]) -> tuple[str, str, str] | None:
    """The commonest country: as written, its ISO code and the column it stands in."""
    from babel import Locale

    codes = {str(name).lower(): code for lang in ("en", "de") for code, name in Locale(lang).territories.items()}
    for sample in samples:
        for column in sample.columns:
            if "country" in words_of(column.name) and column.values:
                value = column.values[0]
                code = value if re.fullmatch("[A-Z]{2}", value) else codes.get(value.lower())
                if code:
                    return value, code, column.name
    return None


def zone_of(code: str) -> str | None:
    """The time zone of a country that has one."""
    from babel.core import get_global

    zones = [zone for zone, there in get_global("zone_territories").items() if there == code]
    capital = {"GB": "Europe/London", "DE": "Europe/Berlin", "ES": "Europe/Madrid", "NL": "Europe/Amsterdam"}
    return capital.get(code) or (zones[0] if len(zones) == 1 else None)


def timezone(drafts: list[EntityDraft], samples: list[Sample]) -> tuple[str, str | None]:
    """The zone to write, and a question where times carry no offset."""
    naive = list(dict.fromkeys(clock for draft in drafts for clock in _clocks(draft)))
    if not naive:
        return "UTC", None
    place = country(samples)
    hint = f"; {zone_of(place[1])}, as most rows say {place[0]}" if place and zone_of(place[1]) else ""
    shown = ", ".join(f"{column} of {file}" for file, column in naive[:3])
    return "UTC", f"which clock wrote {shown}? Taken as UTC{hint or ', else such as Europe/Berlin'}"


def _clocks(draft: EntityDraft) -> list[tuple[str, str]]:
    """File and name of the columns that give times of day without an offset; the entity's own clock first."""
    times = {c.name: c for c in draft.sample.columns if c.form and c.form.has_hours and not c.form.has_offset}
    types = {column.name: column.data_type for column in draft.entity.columns.values()}
    parts = sorted(draft.parts, key=lambda part: part.alias != draft.entity.clock)
    sql = [part.sql for part in parts if types.get(part.alias, "timestamp") == "timestamp"]
    return [
        (draft.sample.path.name, name)
        for text in sql
        for name in times
        if "birth" not in words_of(name)
        and re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text.replace("source.", ""))
    ]


def currency(drafts: list[EntityDraft], samples: list[Sample]) -> tuple[str, str | None]:
    """The currency of rows that give none, and a question where it is a guess."""
    seen: Counter[str] = Counter()
    for sample in samples:
        for column in sample.columns:
            if column.kind == "currency" and "currency" in words_of(column.name) and column.values:
                seen[column.values[0].upper()] += 1
            if column.mark:
                seen[column.mark] += 1
    if seen:
        code = seen.most_common(1)[0][0]
        others = [c for c in seen if c != code]
        return (
            code,
            f"rows without a currency are taken as {code}, but there is {', '.join(others)} too" if others else None,
        )
    named = _named(drafts)
    if named:
        return named[0], f"guessed from the column {named[1]}"
    place = country(samples)
    if place:
        from babel.numbers import get_territory_currencies

        codes = get_territory_currencies(place[1])
        if codes:
            return codes[0], f"guessed, as most rows say {place[0]}: which currency are the amounts in?"
    return "EUR", "which currency are the amounts in? Nothing in the files says"


def _named(drafts: list[EntityDraft]) -> tuple[str, str] | None:
    for draft in drafts:
        for column in draft.sample.columns:
            for word in re.split(r"[^a-z]+", column.name.lower()):
                if word in WORDS or (
                    word.upper() in iso_currencies() and column.is_number and word in ("eur", "usd", "gbp", "chf")
                ):
                    return WORDS.get(word) or word.upper(), column.name
    return None
