"""Entities that no file holds of its own: orders, customers, products and returns out of lines or orders."""

from __future__ import annotations

from pathlib import Path

from clientele.contract import Contract
from clientele.mapping_draft.entities import EntityDraft, line_amount, placeholder, state_column, state_question
from clientele.mapping_draft.expressions import Part, Reader
from clientele.mapping_draft.matching import SURE, Match, match
from clientele.mapping_draft.sample import Column

OF_ORDERS = ("currency", "channel", "payment_method", "store_id", "coupon_code")
OF_CUSTOMERS = ("email", "country", "city", "postcode", "language")
OF_PRODUCTS = ("product_name", "category", "subcategory", "brand")
OF_LINES = ("product_id", "quantity", "unit_price", "discount_amount", "currency")


class Lines:
    """A file with several lines of an order, as the entities that are in it."""

    def __init__(self, found: Match, paths: list[Path], contract: Contract, reserved: frozenset[str]) -> None:
        self.found, self.paths, self.contract, self.reserved = found, paths, contract, reserved

    def reader(self) -> Reader:
        """A fresh one: each entity declares the types that it needs."""
        return Reader(self.found.sample, self.reserved)

    def _draft(self, entity: str, parts: list[Part], reader: Reader, **rest: str | None) -> EntityDraft:
        wanted = self.contract[entity]
        named = {part.alias: part for part in parts}
        for name, column in wanted.columns.items():
            if column.required and name not in named:
                named[name] = placeholder(wanted, name, self.found.sample, self.found.columns.values())
        ordered = [named[name] for name in wanted.columns if name in named]
        return EntityDraft(wanted, self.found.sample, self.paths, ordered, reader.types, **rest)  # type: ignore[arg-type]

    def _sign(self) -> Column | None:
        """The column whose minus sign tells goods that come back."""
        for name in ("quantity", "amount"):
            column = self.found.get(name)
            if column is not None and column.has_negative:
                return column
        return None

    def _amount(self, reader: Reader) -> str | None:
        column = self.found.get("amount")
        return reader.number(column) if column else line_amount(self.found, reader)

    def _where(self, reader: Reader, operator: str) -> str | None:
        sign = self._sign()
        if sign is None:
            return None
        number = reader.number(sign)
        return f"{number} < 0" if operator == "<" else f"coalesce({number}, 0) >= 0"

    def _given(self, reader: Reader, names: tuple[str, ...]) -> list[Part]:
        found = self.found
        columns = {name: found.get(name) for name in names}
        return [reader.value(found.entity.columns[n], c) for n, c in columns.items() if c is not None]

    def _clock(self, reader: Reader, *, first: bool) -> str | None:
        column = self.found.get("ordered_at")
        if column is None:
            return None
        time = reader.time(column, sortable=first)
        return f"min({time})" if first else time

    def _time_part(self, reader: Reader, alias: str) -> list[Part]:
        column = self.found.get("ordered_at")
        if column is None:
            return []
        return [
            Part(alias, reader.time(column), reader.value(self.found.entity.columns["ordered_at"], column).question)
        ]

    def _place(self, reader: Reader) -> str:
        order = self.found.get("order_id")
        assert order is not None
        name = reader.key(order)
        return f"{name} || '-' || row_number() over (partition by {name} order by _source_row)"

    def items(self) -> EntityDraft:
        """The lines that were sold; a line's key is its place on its order."""
        reader = self.reader()
        parts = [Part("order_item_id", self._place(reader)), *self._given(reader, ("order_id", "customer_id"))]
        parts += [*self._time_part(reader, "ordered_at"), *self._given(reader, OF_LINES)]
        amount = self._amount(reader)
        if amount:
            ask = None if self.found.get("amount") else "is that what the customer paid for the line?"
            parts.append(Part("amount", amount, ask))
        draft = self._draft("order_items", parts, reader, where=self._where(reader, ">="))
        draft.why = "each row of the file is a line of an order, so it holds order_items, and what follows from them"
        used = {c.name for name in self.found.columns if (c := self.found.get(name))} | set(reader.types)
        draft.unused = [c.name for c in self.found.sample.columns if c.name not in used]
        return draft

    def orders(self) -> EntityDraft:
        """The lines of an order as one."""
        reader = self.reader()
        keys = self._given(reader, ("order_id", "customer_id"))
        parts, amount, clock = list(keys), self._amount(reader), self._clock(reader, first=True)
        if clock:
            parts.append(Part("ordered_at", clock))
        if amount:
            parts.append(Part("amount", f"sum({amount})"))
        theirs = match(self.contract["orders"], self.found.sample)
        for name in OF_ORDERS:
            column = theirs.get(name)
            if column is not None and theirs.certainty[name] >= SURE:
                parts.append(Part(name, f"min({reader.name(column)})"))
        parts += self._state(reader, theirs)
        group = ", ".join(part.sql for part in keys)
        return self._draft("orders", parts, reader, where=self._where(reader, ">="), group_by=group)

    def _state(self, reader: Reader, theirs: Match) -> list[Part]:
        """An order is cancelled where all its lines are."""
        column = theirs.get("status") or state_column(self.found)
        if column is None:
            return []
        part = reader.value(self.contract["orders"].columns["status"], column)
        part.sql = f"max({part.sql})"
        part.ask(state_question(column))
        if state_question(column):
            part.ask("An order of several lines counts as cancelled if all of them are")
        return [part]

    def customers(self) -> EntityDraft:
        """Who bought, known since the first row that names them."""
        reader = self.reader()
        customer, clock = self.found.get("customer_id"), self._clock(reader, first=True)
        assert customer is not None
        key = reader.key(customer)
        parts = [Part("customer_id", key)]
        if clock:
            ask = "no file of customers, so they count as known since their first order: is there a registration?"
            parts.append(Part("registered_at", clock, ask))
        parts += self._firsts(reader, "customers", OF_CUSTOMERS)
        return self._draft("customers", parts, reader, where=f"{key} is not null", group_by=key)

    def products(self) -> EntityDraft | None:
        """What was sold, by the names of the first line."""
        reader, product = self.reader(), self.found.get("product_id")
        if product is None:
            return None
        key = reader.key(product)
        parts = [Part("product_id", key), *self._firsts(reader, "products", OF_PRODUCTS)]
        return self._draft("products", parts, reader, where=f"{key} is not null", group_by=key)

    def returns(self) -> EntityDraft | None:
        """Lines with a minus sign."""
        sign, reader = self._sign(), self.reader()
        amount = self._amount(reader)
        if sign is None or amount is None:
            return None
        parts = [Part("return_id", self._place(reader), f"are rows with a negative {sign.name} goods that came back?")]
        parts += [
            *self._given(reader, ("customer_id", "product_id", "currency")),
            *self._time_part(reader, "returned_at"),
        ]
        quantity = self.found.get("quantity")
        if quantity:
            parts.append(Part("quantity", f"abs({reader.number(quantity)})"))
        parts.append(Part("refund_amount", f"-({amount})"))
        return self._draft("returns", parts, reader, where=self._where(reader, "<"))

    def _firsts(self, reader: Reader, entity: str, names: tuple[str, ...]) -> list[Part]:
        """Columns of another entity that are repeated in each line; the first row's value counts."""
        theirs, parts = match(self.contract[entity], self.found.sample), []
        for name in names:
            column = theirs.get(name)
            if column is not None and theirs.certainty[name] >= SURE:
                parts.append(Part(name, f"arg_min({reader.name(column)}, _source_row)"))
        return parts
