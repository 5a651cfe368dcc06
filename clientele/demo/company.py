"""The whole company: which exports there are, and one chunk of customers through all domains."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clientele.demo import commerce, engagement, people, purchases, shop
from clientele.demo.exports import Export
from clientele.demo.people import People
from clientele.demo.sampling import column, moments, text
from clientele.demo.world import CATEGORIES, World

EXPORTS = [
    people.CUSTOMERS,
    people.CONSENTS,
    shop.PRODUCTS,
    shop.ORDERS,
    shop.ORDER_ITEMS,
    shop.RETURNS,
    engagement.SESSIONS,
]


def reference_tables(world: World) -> dict[str, pa.Table]:
    """Exports that do not depend on single customers, by entity."""
    return {"products": shop.products(world)}


def chunk_tables(world: World, chunk: int) -> tuple[dict[str, pa.Table], pa.Table]:
    """The exports of one chunk of customers by entity, and the truth about them."""
    folk = people.simulate(world, chunk)
    natural = purchases.simulate(world, chunk, folk)
    orders = commerce.simulate(world, chunk, folk, natural)
    returned = commerce.returns(world, chunk, orders)
    tables = {
        "customers": people.customers(world, chunk, folk),
        "consents": people.consents(world, chunk, folk),
        "orders": shop.orders(world, chunk, folk, orders),
        "order_items": shop.order_items(world, chunk, folk, orders),
        "returns": shop.returns(world, chunk, folk, orders, returned),
        "sessions": engagement.sessions(world, chunk, folk, orders, ["x"]),
    }
    return tables, truth(world, folk)


def truth(world: World, folk: People) -> pa.Table:
    """What is really so, one row a customer."""
    return pa.table(
        {
            "customer_id": [f"C{number}" for number in folk.number],
            "customer_type": text(folk.is_business.astype(np.int32), people.TYPES).cast("string"),
            "purchase_rate_per_year": column(folk.rate, empty=folk.never_buys),
            "dropout_chance": folk.dropout_chance,
            "dropped_out_at": moments(folk.alive_until, empty=folk.alive_until >= world.end),
            "mean_order_value_eur": folk.order_value,
            **{f"preference_{name}": folk.preference[:, i] for i, name in enumerate(CATEGORIES)},
        }
    )
