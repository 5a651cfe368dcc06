"""The draft of one entity: from a match to the parts of a select."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from clientele.contract import Entity
from clientele.mapping_draft.expressions import Part, Reader
from clientele.mapping_draft.matching import SURE, Match
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


def placeholder(entity: Entity, column: str) -> Part:
    """Stands where a required column was not found."""
    told = entity.columns[column].description.rstrip(".")
    return Part(column, "null::varchar", f"FILL IN, required: {told[0].lower()}{told[1:]}")


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
    _complete(found, reader, parts)
    draft = EntityDraft(found.entity, found.sample, paths, [], reader.types)
    if borrowed and heads:
        _borrow(found, heads, draft, parts, reserved, borrowed)
    for name in found.missing:
        parts.setdefault(name, placeholder(found.entity, name))
    draft.parts = [parts[name] for name in found.entity.columns if name in parts]
    if versions:
        ask = "keys repeat: does this column say when each version of a row was written?"
        draft.parts.append(Part("loaded_at", reader.time(versions), ask))
    draft.unused = _unused(found, draft.parts)
    return draft


def _asked(found: Match, part: Part, column: Column) -> Part:
    certainty = found.certainty[part.alias]
    if part.alias == "interest_rate":
        part.question = "a fraction is wanted, 0.079 for 7.9 %: divide by 100 if these are percents"
    if part.question is None and certainty < SURE:
        told = found.entity.columns[part.alias].description.rstrip(".")
        part.question = f"is {column.name} this: {told[0].lower()}{told[1:]}?"
    return part


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
        parts["amount"].question = "does it contain tax or shipping? It is to be the price of the goods after discounts"
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
