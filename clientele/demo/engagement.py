"""Engagement: visits that end in an order and visits that do not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clientele.demo.commerce import Orders
from clientele.demo.exports import Dirt, Export
from clientele.demo.people import People
from clientele.demo.sampling import column, known_at, moments, pick, text
from clientele.demo.seasons import HOURS_SHOP, at_hours
from clientele.demo.world import YEAR, World

FIRST_SESSION = 100_000_000
DEVICES = ("desktop", "mobile", "tablet", "app")
SOURCES = ("direct", "search", "email", "social", "affiliate")

SESSIONS = Export(
    entity="sessions",
    file="web/sessions",
    clock="started_at",
    known="recorded_at",
    format="jsonl",
    rows_per_customer=55,
    sql="""
      select
          'S' || session as session_id,
          'C' || customer_no as customer_id,
          started_at,
          seconds as duration_s,
          pages as page_views,
          product_pages as product_views,
          basket_adds as cart_adds,
          order_no is not null as is_converted,
          'O' || order_no as order_id,
          device,
          source as channel,
          campaign as campaign_id,
          recorded_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "session"),
        Dirt("type", "seconds", "n/a", text_only=True),
        Dirt("type", "started_at", "2024-13-45T00:00:00Z", text_only=True),
        Dirt("range", "pages", -3),
        Dirt("missing", "started_at"),
    ),
)


def sessions(world: World, chunk: int, people: People, orders: Orders, campaigns: list[str]) -> pa.Table:
    """Visits; anonymous ones have no customer."""
    rng = world.rng("sessions", chunk)
    online = np.flatnonzero(orders.channel < 2)
    owner, started = _browsing(rng, world, people)
    n, m = len(online), len(owner)
    length = np.concatenate([rng.integers(240, 2_400, n), (20 + rng.exponential(240, m)).astype(np.int64)])
    bought = np.arange(n + m) < n
    at = np.concatenate(
        [np.maximum(orders.at[online] - length[:n] + 30, people.registered[orders.owner[online]] + 1), started]
    )
    who = np.concatenate([orders.owner[online], owner])
    by_campaign = np.concatenate([orders.campaign[online], np.full(m, -1, dtype=np.int32)])
    anonymous = ~bought & (rng.random(n + m, dtype=np.float32) < world.anonymous_share)
    pages = 1 + rng.poisson(length / 75.0)
    views = rng.binomial(pages, 0.45)
    adds = np.where(bought, 1 + rng.poisson(1.0, n + m), rng.binomial(views, 0.06))
    app = np.concatenate([orders.channel[online] == 1, rng.random(m) < 0.25])
    source = np.where(by_campaign >= 0, 2, pick(rng, n + m, (38, 30, 10, 15, 7)))
    order_no = np.zeros(n + m, dtype=np.int64)
    order_no[:n] = orders.id[online]
    return pa.table(
        {
            "session": FIRST_SESSION * (chunk + 1) + np.arange(n + m),
            "customer_no": column(people.number[who], empty=anonymous),
            "started_at": moments(at),
            "seconds": length,
            "pages": pages,
            "product_pages": views,
            "basket_adds": adds,
            "order_no": column(order_no, empty=~bought),
            "device": text(np.where(app, 3, pick(rng, n + m, (36, 52, 12))), DEVICES),
            "source": text(source, SOURCES),
            "campaign": text(np.maximum(by_campaign, 0), campaigns, empty=by_campaign < 0),
            "recorded_at": moments(known_at(rng, world, at)),
        }
    )


def _browsing(rng: np.random.Generator, world: World, people: People) -> tuple[np.ndarray, np.ndarray]:
    """Visits without an order: frequent while the customer is alive, rare after."""
    rate = world.browse_rate * np.sqrt(people.rate / world.rate_mean) * rng.gamma(3.0, 1 / 3.0, len(people))
    owners, starts = [], []
    until = np.minimum(people.alive_until, world.end)
    for lo, hi, factor in (
        (people.registered, until, 1.0),
        (until, np.full(len(people), world.end), world.browse_after_dropout),
    ):
        counts = rng.poisson(rate * factor * np.maximum(hi - lo, 0) / YEAR)
        owner = np.repeat(np.arange(len(people)), counts)
        lo_even, hi_even = world.season.to_even(lo)[owner], world.season.to_even(hi)[owner]
        at = world.season.to_seconds(lo_even + rng.random(len(owner)) * (hi_even - lo_even))
        at = at_hours(rng, at, HOURS_SHOP)
        owners.append(owner)
        starts.append(np.clip(at, people.registered[owner] + 60, world.end - 60))
    return np.concatenate(owners), np.concatenate(starts)
