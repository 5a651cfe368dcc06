"""The draft of one entity: from a match to the parts of a select."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from clientele.contract import Column as Wanted
from clientele.contract import Entity
from clientele.landing.conversions import noun
from clientele.mapping_draft import phrases
from clientele.mapping_draft.expressions import NUMBERS, Part, Reader
from clientele.mapping_draft.matching import SURE, Match, fits, likeness
from clientele.mapping_draft.sample import Column, Sample
from clientele.mapping_draft.words import words_of

HEADS = "order_heads"
LATER = {"updated", "exported", "loaded", "recorded", "received"}


@dataclass
class EntityDraft:
    """What the mapping says of one entity."""

    entity: Entity
    sample: Sample
    paths: list[Path]
    parts: list[Part]
    types: dict[str, str]
    lookups: dict[str, Path] = field(default_factory=dict)
    join: str | None = None
    where: str | None = None
    group_by: str | None = None
    unused: list[str] = field(default_factory=list)
    why: str | None = None  # said above the entity

    @property
    def questions(self) -> int:
        """How many things it asks."""
        return sum(part.question is not None for part in self.parts) + (self.why or "").startswith("?")


def placeholder(entity: Entity, column: str, sample: Sample, used: Iterable[str] = ()) -> Part:
    """Stands where a required column was not found, and names those that could be it."""
    wanted, taken = entity.columns[column], set(used)
    told = wanted.description.rstrip(".")
    free = [c for c in sample.columns if c.name not in taken and _could_be(wanted, c)]
    free.sort(key=lambda c: -likeness(entity, wanted, c.name))
    names = ", ".join(c.name for c in free[:4])
    hint = f". Is it {names}?" if names else ". No column of the file looks like it"
    return Part(column, "null::varchar", f"FILL IN, required: {told[0].lower()}{told[1:]}{hint}")


def _could_be(wanted: Wanted, column: Column) -> bool:
    if column.kind in ("empty", "nested"):
        return False
    if wanted.data_type.startswith(NUMBERS):
        return column.is_number or column.amount is not None
    if wanted.data_type in ("timestamp", "date"):
        is_named = "at" in words_of(column.name) or "created" in words_of(column.name)
        return column.kind == "time" or (is_named and column.kind == "text")
    if wanted.name.endswith("_id"):
        return column.kind in ("text", "integer", "email") and bool(
            {"id", *words_of(wanted.name)} & set(words_of(column.name))
        )
    return column.kind == "text"


def draft_entity(
    found: Match, paths: list[Path], reserved: frozenset[str], heads: Match | None, versions: Column | None = None
) -> EntityDraft:
    """One file, one entity, row by row. ``heads`` is the file of orders, for lines that do not repeat its columns.

    ``versions`` is the column that tells versions of a row apart, where the file holds several.
    """
    borrowed = _borrowed(found, heads)
    reader = Reader(found.sample, reserved, prefix="source." if borrowed else "")
    parts = {}
    for name, wanted in found.entity.columns.items():
        column = found.get(name)
        if column is not None:
            parts[name] = _asked(found, reader.value(wanted, column), column)
            parts[name].ask(_of_negatives(found.entity, wanted, column))
    _state(found, reader, parts)
    _complete(found, reader, parts)
    draft = EntityDraft(found.entity, found.sample, paths, [], reader.types)
    if borrowed and heads:
        _borrow(found, heads, draft, parts, reserved, borrowed)
    for name in found.missing:
        parts.setdefault(name, placeholder(found.entity, name, found.sample, found.columns.values()))
    draft.parts = [parts[name] for name in found.entity.columns if name in parts]
    if versions:
        ask = "keys repeat: does this column say when each version of a row was written?"
        draft.parts.append(Part("loaded_at", reader.time(versions), ask))
    draft.unused = _unused(found, draft.parts)
    return draft


def _asked(found: Match, part: Part, column: Column) -> Part:
    certainty = found.certainty[part.alias]
    if part.alias == "interest_rate":
        part.ask("a fraction is wanted, 0.079 for 7.9 %: divide by 100 if these are percents")
    wanted = found.entity.columns[part.alias]
    if fits(wanted, column) == 0 and column.name.lower() == wanted.name:
        told = f", such as {', '.join(map(repr, column.examples))}" if column.examples else ""
        part.ask(f"{column.name} has cells that do not look like {noun(wanted.data_type)}{told}: they are refused")
    elif part.question is None and certainty < SURE:
        told = wanted.description.rstrip(".")
        part.ask(f"is {column.name} this: {told[0].lower()}{told[1:]}?")
    return part


def _of_negatives(entity: Entity, wanted: Wanted, column: Column) -> str | None:
    """What to do with amounts below zero where the contract allows none."""
    if wanted.min is None or wanted.min < 0 or not column.negatives or not (column.is_number or column.amount):
        return None
    form = column.amount
    ways = {"in parentheses": form.parentheses, "with the minus behind": form.trailing} if form else {}
    told = "".join(f", {n} {way}" for way, n in ways.items() if n)
    where = "" if entity.name == "returns" else ", map them as `returns` of their own"
    return (
        f"{column.negatives} of {column.filled} are negative{told}: returns, refunds or corrections? They are refused "
        f"as they stand; else leave them out with `where`{where}, or correct the export"
    )


def undone(column: Column) -> str | None:
    """What a column says of cancelled and refunded rows: 'Cancelled' (12), 'Refunded' (3)."""
    told = zip(column.values, column.counts, strict=True) if column.kind == "text" else ()
    return ", ".join(f"{v!r} ({n})" for v, n in told if re.search(phrases.UNDONE, v.lower())) or None


def state_question(column: Column) -> str | None:
    """Asked of a column that tells which orders are no sales."""
    told = undone(column)
    if told is None:
        return None
    return (
        f"is {column.name} the state of the order? It has {told}: `cancelled` leaves revenue, and what was refunded "
        "stays in it until it is mapped as `returns`"
    )


def _state(found: Match, reader: Reader, parts: dict[str, Part]) -> None:
    """An order's status from a column whose values tell of it, whatever its name."""
    wanted = found.entity.columns.get("status")
    if found.entity.name != "orders" or wanted is None:
        return
    given = found.get("status")
    if given is not None:
        others = [c for c in found.sample.columns if c.name not in found.columns.values() and undone(c)]
        for column in others:
            parts["status"].ask(f"{column.name} has {undone(column)} too: is an order cancelled where it says so?")
        if undone(given) and given.name.lower() not in ("status", "order_status"):
            parts["status"].ask(state_question(given))
        return
    best = state_column(found)
    if best is not None:
        parts["status"] = reader.value(wanted, best)
        parts["status"].ask(state_question(best))


def state_column(found: Match) -> Column | None:
    """The unused column that tells of the most cancelled and refunded rows."""
    free = [c for c in found.sample.columns if c.name not in found.columns.values() and undone(c)]
    return max(free, key=lambda c: sum(bool(re.search(phrases.CANCELLED, v.lower())) for v in c.values), default=None)


def _complete(found: Match, reader: Reader, parts: dict[str, Part]) -> None:
    """Columns that are made of several, or of none."""
    name = found.entity.name
    if name == "customers":
        _full_name(found, reader, parts)
    if name in ("orders", "order_items") and "amount" not in parts:
        amount = line_amount(found, reader)
        if amount:
            parts["amount"] = Part("amount", amount, "is that what the customer paid for the goods?")
    if name == "orders" and "amount" in parts and {"tax_amount", "shipping_amount"} & set(parts):
        parts["amount"].ask("does it contain tax or shipping? It is to be the price of the goods after discounts")
    key = found.entity.key
    if len(key) == 1 and key[0] not in parts:
        parts[key[0]] = made_key(found, reader)


def _full_name(found: Match, reader: Reader, parts: dict[str, Part]) -> None:
    named = {words_of(c.name): c for c in found.sample.columns}
    first, last = named.get(("first", "name")), named.get(("last", "name"))
    if first and last:
        parts["full_name"] = Part("full_name", f"concat_ws(' ', {reader.name(first)}, {reader.name(last)})")


def made_key(found: Match, reader: Reader) -> Part:
    """A key for rows without one: the row's place among those of its customer."""
    customer, clock = found.get("customer_id"), found.get(found.entity.clock)
    ask = "no column is a key, so rows are counted: is there none that stays the same from export to export?"
    if customer is None:
        return Part(found.entity.key[0], f"{reader.prefix}_source_row", ask)
    order = f"{reader.time(clock, sortable=True)}, " if clock else ""
    owner = reader.key(customer)
    place = f"row_number() over (partition by {owner} order by {order}{reader.prefix}_source_row)"
    return Part(found.entity.key[0], f"{owner} || '-' || {place}", ask)


def line_amount(found: Match, reader: Reader) -> str | None:
    """Quantity times price, less the discount of the line."""
    quantity = found.get("quantity") or _by_words(found, "quantity")
    price = found.get("unit_price") or _by_words(found, "price")
    if quantity is None or price is None or not (quantity.is_number and price.is_number):
        return None
    discount = found.get("discount_amount")
    less = f" - coalesce({reader.number(discount)}, 0)" if discount else ""
    return f"{reader.number(quantity)} * {reader.number(price)}{less}"


def _by_words(found: Match, concept: str) -> Column | None:
    hits = [c for c in found.sample.columns if concept in words_of(c.name) and c.name not in found.columns.values()]
    return hits[0] if len(hits) == 1 else None


def _borrowed(found: Match, heads: Match | None) -> list[str]:
    """Required columns that the orders have and this file has not."""
    order = heads.get("order_id") if heads else None
    if (
        heads is None
        or heads.sample is found.sample
        or "order_id" not in found.columns
        or not (order and order.is_unique)
    ):
        return []
    return [name for name in ("customer_id", "ordered_at") if name in found.missing and heads.get(name)]


def _borrow(
    found: Match, heads: Match, draft: EntityDraft, parts: dict[str, Part], reserved: frozenset[str], names: list[str]
) -> None:
    there = Reader(heads.sample, reserved, prefix=f"{HEADS}.", can_declare=False)
    here = Reader(found.sample, reserved, prefix="source.")
    for name in names:
        column = heads.get(name)
        if column is not None:
            parts[name] = Part(name, there.time(column) if name == "ordered_at" else there.name(column))
    own, other = found.get("order_id"), heads.get("order_id")
    if own and other:
        draft.lookups = {HEADS: heads.sample.path}
        draft.join = f"left join {HEADS} on {there.name(other)}::varchar = {here.name(own)}::varchar"


def _unused(found: Match, parts: list[Part]) -> list[str]:
    used = " ".join(part.sql for part in parts)
    return [c.name for c in found.sample.columns if c.name not in found.columns.values() and c.name not in used]
