"""Which contract column a file's column is, and which entity a file is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from clientele.contract import Column as Wanted
from clientele.contract import Contract, Entity
from clientele.mapping_draft import phrases
from clientele.mapping_draft.sample import Column, Sample
from clientele.mapping_draft.words import words_of

SURE, ENOUGH, NAMED = 0.75, 0.5, 0.6
MONEY_WORDS = {"eur", "usd", "gbp", "chf"}
UNSURE_ENTITY = 3.0


@dataclass
class Match:
    """A file read as an entity: contract column -> column of the file, with how sure each is."""

    entity: Entity
    sample: Sample
    columns: dict[str, str] = field(default_factory=dict)
    certainty: dict[str, float] = field(default_factory=dict)
    score: float = 0.0

    def get(self, wanted: str) -> Column | None:
        """The file's column for a contract column."""
        name = self.columns.get(wanted)
        return self.sample.column(name) if name else None

    @property
    def missing(self) -> list[str]:
        """Required columns without a counterpart."""
        return [c.name for c in self.entity.columns.values() if c.required and c.name not in self.columns]


def noun(entity: str) -> set[str]:
    """The words for one row of an entity."""
    return set(phrases.ENTITIES[entity].split(";")[0].split())


@cache
def _phrases(entity: str, column: str) -> tuple[tuple[frozenset[str], float], ...]:
    """What a column may be called, the contract's own name first, with what an exact hit is worth."""
    given = [p.strip() for p in phrases.COLUMNS.get(f"{entity}.{column}", "").split(";") if p.strip()]
    common = [p.strip() for p in phrases.COMMON.get(column, "").split(";") if p.strip()]
    ranked = [(frozenset(words_of(column)), 1.0)]
    ranked += [(frozenset(p.split()), max(0.96 - 0.02 * n, 0.8)) for n, p in enumerate(given)]
    ranked += [(frozenset(p.split()), max(0.92 - 0.03 * n, 0.75)) for n, p in enumerate(common)]
    return tuple(ranked)


def likeness(entity: Entity, wanted: Wanted, name: str) -> float:
    """0 to 1: how well a name fits a contract column."""
    if name.lower() == wanted.name:
        return 1.05
    words, own = set(words_of(name)), noun(entity.name)
    is_key = wanted.name == entity.key[0] and len(entity.key) == 1
    if is_key and words in ({"id"}, own):
        return 0.85
    best = 0.0
    for phrase, worth in _phrases(entity.name, wanted.name):
        bare, target = words - own - MONEY_WORDS, phrase - own
        overlap = len(words & phrase) / len(words | phrase)
        if bare and target:
            overlap = max(overlap, 0.95 * len(bare & target) / len(bare | target))
        best = max(best, worth * overlap if overlap >= 0.99 else 0.85 * worth * overlap)
    return max(best, 0.8 * _spelling(name.lower(), wanted.name))


def _spelling(one: str, other: str) -> float:
    """The share of letters that two names have in common, in their order; 0 up to 0.85."""
    if 2 * min(len(one), len(other)) <= 0.85 * (len(one) + len(other)):
        return 0.0  # as their lengths tell already
    shared = difflib.SequenceMatcher(None, one, other).ratio()
    return shared if shared > 0.85 else 0.0


def fits(wanted: Wanted, column: Column) -> float:
    """A factor for the content: 0 where it cannot be, above 1 where it speaks for it."""
    kind, base = column.kind, wanted.data_type.split("(")[0]
    if kind == "empty":
        return 0.3
    if kind == "nested":
        return 0.0
    if wanted.currency:
        return 1.2 if kind == "currency" else 0.0
    if wanted.name == "email":
        return 1.3 if kind == "email" else 0.2
    if base in ("timestamp", "date"):
        return 1.0 if kind == "time" else 0.0
    if base in ("decimal", "double", "integer", "bigint"):
        whole = base in ("integer", "bigint")
        if column.amount and not whole:
            return 1.0 if kind == "money" else 0.9
        return 0.0 if not column.is_number or (whole and kind != "integer") else 1.0
    if base == "boolean":
        return 1.0 if kind == "boolean" or set(column.values) <= {"0", "1"} else 0.0
    return _fits_text(wanted, column)


def _fits_text(wanted: Wanted, column: Column) -> float:
    if wanted.accepted:
        known = {value.lower() for value in column.values} & _spellings(wanted)
        return 1.2 if known else 0.5 if column.kind == "text" and column.values else 0.0
    if column.kind in ("time", "money", "boolean"):
        return 0.0
    if column.kind == "email":
        return 0.0 if wanted.name.endswith("_id") else 0.3
    is_name = not wanted.name.endswith(("_id", "code", "phone", "version"))
    return 0.5 if is_name and column.kind in ("decimal", "integer") else 1.0


def _spellings(wanted: Wanted) -> set[str]:
    return {value.lower() for value in wanted.accepted}


def _is_named(wanted: Wanted, column: Column) -> bool:
    """Whether the file uses the contract's own name, which is believed whatever the column holds."""
    return column.name.lower() == wanted.name and column.kind not in ("nested", "empty")


def certainty(entity: Entity, wanted: Wanted, column: Column) -> float:
    """How sure it is that a column is meant."""
    sure = likeness(entity, wanted, column.name) * fits(wanted, column) + (0.04 if wanted.required else 0)
    return max(sure, NAMED) if _is_named(wanted, column) else sure


def match(entity: Entity, sample: Sample) -> Match:
    """The best assignment of a file's columns to an entity, and its score."""
    pairs = sorted(
        (
            (
                _is_named(wanted, column),
                certainty(entity, wanted, column),
                n,
                wanted.name,
                column.name,
            )
            for n, column in enumerate(sample.columns)
            for wanted in entity.columns.values()
        ),
        key=lambda pair: (-pair[0], -pair[1], pair[2]),
    )
    found = Match(entity, sample)
    for _, sure, _, wanted_name, name in pairs:
        if sure < ENOUGH:
            continue
        if wanted_name not in found.columns and name not in found.columns.values():
            found.columns[wanted_name], found.certainty[wanted_name] = name, min(sure, 1.0)
    _last_resort(found)
    found.score = _score(found)
    return found


def _last_resort(found: Match) -> None:
    """A required clock that no name fits is the only time in the file that is left."""
    clock = found.entity.clock
    free = [c for c in found.sample.columns if c.kind == "time" and c.name not in found.columns.values()]
    free = [c for c in free if not {"updated", "exported", "loaded"} & set(words_of(c.name))]
    if clock not in found.columns and found.entity.columns[clock].required and len(free) == 1:
        found.columns[clock], found.certainty[clock] = free[0].name, 0.4


def _score(found: Match) -> float:
    entity, score = found.entity, file_likeness(found.entity.name, found.sample)
    lines = is_lines(found)
    for wanted in entity.columns.values():
        certainty = found.certainty.get(wanted.name, 0.0)
        if not certainty and lines and wanted.name in ("order_item_id", "amount"):
            continue  # made from the place on the order, and from quantity and price
        score += 1.6 * certainty if wanted.required else 0.8 * certainty
        score -= 1.2 if wanted.required and not certainty else 0.0
    used = len(found.columns) / max(len(found.sample.columns), 1)
    key = [found.get(name) for name in entity.key]
    if all(key) and len(key) == 1 and key[0] is not None:
        score += 1.0 if key[0].is_unique else -1.0
    score += 0.8 if entity.required else 0.0  # what every company has
    if len(key) > 1 and not all(key):
        score -= 3.0
    return score + 2.0 * used + (2.5 if lines else 0.0)


def is_lines(found: Match) -> bool:
    """Whether the file holds several lines of an order, without a key of their own."""
    order, line = found.get("order_id"), found.get("order_item_id")
    if found.entity.name != "order_items" or order is None or order.is_unique:
        return False
    has_goods = any(name in found.columns for name in ("product_id", "quantity", "unit_price"))
    return has_goods and (line is None or not line.is_unique)


def file_likeness(entity: str, sample: Sample) -> float:
    """Up to 4: how much the file's name says that it holds the entity."""
    stem = sample.path.name.split(".")[0]
    words = set(words_of(stem)) - {"id", "part", "full", "all"}
    best = 0.0
    for phrase in [entity.replace("_", " "), *phrases.ENTITIES[entity].split(";")]:
        target = set(phrase.split()) if phrase != entity.replace("_", " ") else set(words_of(entity))
        if words and target:
            best = max(best, len(words & target) / len(words | target))
    return 4.0 * best


def ranked(contract: Contract, sample: Sample) -> list[Match]:
    """All entities for a file, the best first."""
    return sorted((match(entity, sample) for entity in contract), key=lambda m: -m.score)


def assign(candidates: Iterable[list[Match]]) -> list[Match | None]:
    """One entity for each file, none twice unless files have the same columns: the surest choice first."""
    files = list(candidates)
    chosen: list[Match | None] = [None] * len(files)
    taken: dict[str, Match] = {}
    for score, position, found in sorted(
        ((m.score, n, m) for n, matches in enumerate(files) for m in matches), key=lambda item: (-item[0], item[1])
    ):
        if chosen[position] is not None or score < UNSURE_ENTITY:
            continue
        first = taken.get(found.entity.name)
        if first is None or [c.name for c in first.sample.columns] == [c.name for c in found.sample.columns]:
            chosen[position] = found
            taken.setdefault(found.entity.name, found)
    return chosen
