"""Commerce: products, orders, their lines, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from clientele.demo.names import CURRENCY_OF_COUNTRY, PRICE_FACTOR
from clientele.demo.people import People
from clientele.demo.purchases import NATURAL, Purchases
from clientele.demo.sampling import delay, known_at, money, pick, pick_rows
from clientele.demo.world import CATEGORIES, DAY, HOUR, World

PER_CATEGORY = 60
FIRST_ORDER, FIRST_LINE = 10_000_000, 20_000_000  # ids of the first chunk; each further chunk has its own range
CHANNELS = ("web", "app", "store", "phone")
STORE = 2
PAYMENTS = ("paypal", "card", "invoice", "direct_debit", "cash")
INVOICE, CASH = 2, 4
RETURN_SHARE = np.array([0.24, 0.20, 0.09, 0.06, 0.03, 0.08, 0.04, 0.005])  # of the lines, by category


@dataclass(frozen=True)
class Catalogue:
    """Products sorted by category and price; product i belongs to category i // PER_CATEGORY."""

    price: np.ndarray  # list price, EUR
    cost: np.ndarray
    launched: np.ndarray  # epoch seconds
    is_active: np.ndarray

    @property
    def log_prices(self) -> np.ndarray:
        """(categories, PER_CATEGORY) logarithms of prices."""
        return np.log(self.price).reshape(len(CATEGORIES), PER_CATEGORY)


@cache
def catalogue(world: World) -> Catalogue:
    """The products of a company."""
    rng = world.rng("catalogue")
    median = np.array([38.0, 62.0, 110.0, 34.0, 18.0, 45.0, 24.0, 7.0])
    price = np.sort(median[:, None] * np.exp(rng.normal(0, 0.9, (len(CATEGORIES), PER_CATEGORY))), axis=1).ravel()
    price = np.maximum(np.round(price) - 0.05, 0.95)
    n = len(price)
    early = rng.random(n) < 0.75
    launched = np.where(early, world.start - rng.integers(30, 900, n) * DAY, 0)
    later = world.start + (rng.random(n) * (world.end - world.start) * 0.9).astype(np.int64) // DAY * DAY
    launched = np.where(early, launched, later) + 8 * HOUR
    return Catalogue(price, money(price * rng.uniform(0.35, 0.7, n)), launched, rng.random(n) < 0.93)


@dataclass
class Orders:
    """Orders of one chunk, sorted by owner and time; amounts in the customer's currency."""

    id: np.ndarray
    owner: np.ndarray
    at: np.ndarray
    campaign: np.ndarray
    channel: np.ndarray  # code into CHANNELS
    currency: np.ndarray  # code into CURRENCIES
    amount: np.ndarray
    discount: np.ndarray
    payment: np.ndarray  # code into PAYMENTS
    coupon: np.ndarray  # percent, 0 without
    is_cancelled: np.ndarray
    known: np.ndarray  # when it could first be known
    settled: np.ndarray  # when it was completed or cancelled
    lines: Lines


@dataclass
class Lines:
    """Order lines, sorted by order."""

    id: np.ndarray
    order: np.ndarray  # position of the order
    product: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    discount: np.ndarray
    amount: np.ndarray


def simulate(world: World, chunk: int, people: People, purchases: Purchases) -> Orders:
    """Fill purchases with goods."""
    rng = world.rng("orders", chunk)
    owner, n = purchases.owner, len(purchases.owner)
    currency = CURRENCY_OF_COUNTRY[people.country[owner]]
    channel = pick(rng, n, (52, 24, 20, 4))
    coupon = np.array([10, 15, 20])[pick(rng, n, (5, 3, 2))]
    coupon = np.where((rng.random(n) < world.coupon_share) | (purchases.campaign != NATURAL), coupon, 0)
    value = people.order_value[owner] * rng.gamma(world.order_value_shape, 1 / world.order_value_shape, n)
    lines = _lines(world, chunk, people, purchases, currency, coupon, value)
    edges = np.concatenate([[0], np.cumsum(np.bincount(lines.order, minlength=n))])
    total = np.concatenate([[0.0], np.cumsum(lines.amount)])
    off = np.concatenate([[0.0], np.cumsum(lines.discount)])
    known = known_at(rng, world, purchases.at)
    cancelled = (rng.random(n) < world.cancelled_share) & (channel != STORE)
    settled = known + np.where(cancelled, delay(rng, n, median=2 * DAY, sigma=0.9), delay(rng, n, median=2.4 * DAY))
    return Orders(
        id=FIRST_ORDER * (chunk + 1) + np.arange(n),
        owner=owner,
        at=purchases.at,
        campaign=purchases.campaign,
        channel=channel,
        currency=currency,
        amount=money(total[edges[1:]] - total[edges[:-1]]),
        discount=money(off[edges[1:]] - off[edges[:-1]]),
        payment=np.where(channel == STORE, CASH, pick(rng, n, (40, 30, 18, 12))),
        coupon=coupon,
        is_cancelled=cancelled,
        known=known,
        settled=settled,
        lines=lines,
    )


def _lines(
    world: World,
    chunk: int,
    people: People,
    purchases: Purchases,
    currency: np.ndarray,
    coupon: np.ndarray,
    value: np.ndarray,
) -> Lines:
    rng = world.rng("order_items", chunk)
    goods = catalogue(world)
    counts = 1 + rng.poisson(world.extra_items_mean, len(value))
    order = np.repeat(np.arange(len(value)), counts)
    share = rng.gamma(2.0, size=len(order))
    per_order = np.add.reduceat(share, np.cumsum(counts) - counts) if len(order) else share
    target = value[order] * share / per_order[order] / (1 - coupon[order] / 100)
    category = pick_rows(rng, people.preference[purchases.owner[order]])
    quantity = 1 + pick(rng, len(order), (86, 10, 3, 1)).astype(np.int64)
    product = _near(rng, goods, category, np.log(target / quantity))
    # The price of the day lies around the list price.
    list_price = goods.price[product]
    price = money(np.clip(target / quantity, 0.8 * list_price, 1.15 * list_price) * PRICE_FACTOR[currency[order]])
    discount = money(price * quantity * coupon[order] / 100)
    return Lines(
        id=FIRST_LINE * (chunk + 1) + np.arange(len(order)),
        order=order,
        product=product,
        quantity=quantity,
        price=price,
        discount=discount,
        amount=money(price * quantity - discount),
    )


def _near(rng: np.random.Generator, goods: Catalogue, category: np.ndarray, log_target: np.ndarray) -> np.ndarray:
    """Products of these categories at about these prices."""
    wide = 100.0  # more than any logarithm of a price
    grid = (goods.log_prices + wide * np.arange(len(CATEGORIES))[:, None]).ravel()
    # A small jitter, so that a customer does not buy the same product again and again.
    wanted = np.clip(log_target + rng.normal(0, 0.12, len(category)), -wide / 2 + 1, wide / 2 - 1)
    place = np.searchsorted((grid[1:] + grid[:-1]) / 2, wanted + wide * category)
    return np.clip(place, category * PER_CATEGORY, category * PER_CATEGORY + PER_CATEGORY - 1)


@dataclass
class Returns:
    """Returned lines."""

    line: np.ndarray  # position of the line
    at: np.ndarray
    quantity: np.ndarray
    refund: np.ndarray


def returns(world: World, chunk: int, orders: Orders) -> Returns:
    """Draw which lines come back, 3 to 30 days after they were settled."""
    rng = world.rng("returns", chunk)
    lines = orders.lines
    chance = RETURN_SHARE[lines.product // PER_CATEGORY] * np.where(orders.channel[lines.order] == STORE, 0.4, 1.0)
    back = (rng.random(len(chance)) < chance) & ~orders.is_cancelled[lines.order]
    line = np.flatnonzero(back)
    at = orders.settled[lines.order[line]] + delay(rng, len(line), median=8 * DAY, sigma=0.6)
    soon = at < world.end
    line, at = line[soon], at[soon]
    quantity = np.ceil(lines.quantity[line] * rng.choice([1.0, 0.5], len(line), p=[0.85, 0.15])).astype(np.int64)
    return Returns(line, at, quantity, money(lines.amount[line] * quantity / lines.quantity[line]))
