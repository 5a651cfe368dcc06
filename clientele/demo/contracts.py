"""Success: subscriptions of business accounts, and how they are used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.demo.exports import Dirt, Export
from clientele.demo.lending import MONTH
from clientele.demo.names import CURRENCIES, CURRENCY_OF_COUNTRY
from clientele.demo.people import NEVER, People
from clientele.demo.sampling import column, delay, known_at, moments, money, pick, text
from clientele.demo.seasons import HOURS_OFFICE, at_hours
from clientele.demo.world import DAY, World

FIRST_SUBSCRIPTION, FIRST_USE = 700_000, 20_000_000
PLANS = ("starter", "team", "enterprise")
PERIODS = ("month", "quarter", "year")
MONTHS = np.array([1, 3, 12])
FEATURES = ("dashboard", "export", "api_call", "report", "import", "alerts")


@dataclass
class Subscriptions:
    """Subscriptions of one chunk."""

    id: np.ndarray
    owner: np.ndarray
    start: np.ndarray  # epoch seconds
    cancelled: np.ndarray  # moment of the cancellation, NEVER without
    plan: np.ndarray
    period: np.ndarray
    seats: np.ndarray
    mrr: np.ndarray  # in the customer's currency
    upgraded: np.ndarray  # moment of the change to more seats, NEVER without
    engagement: np.ndarray  # factor on use, mean 1
    hazard: np.ndarray  # chance to cancel, a month

    def last(self, world: World) -> np.ndarray:
        """End of each subscription within the history."""
        return np.minimum(self.cancelled, world.end)


def simulate(world: World, chunk: int, people: People) -> Subscriptions:
    """Draw who subscribes to what, and when it is cancelled."""
    rng = world.rng("subscriptions", chunk)
    who = np.flatnonzero(people.is_business & (rng.random(len(people)) < 0.92))
    owner = np.sort(np.concatenate([who, who[rng.random(len(who)) < 0.2]]))
    n = len(owner)
    start = people.registered[owner] + delay(rng, n, median=4 * DAY, sigma=1.0)
    inside = start < world.end - DAY
    owner, start = owner[inside], start[inside]
    n = len(owner)
    engagement = rng.gamma(2.5, 1 / 2.5, n)
    hazard = 0.022 * np.exp(0.5 * rng.standard_normal(n)) / (0.4 + 0.6 * engagement)
    cancelled = start + 20 * DAY + (rng.exponential(size=n) / hazard * MONTH).astype(np.int64)
    cancelled = np.where(cancelled < world.end, at_hours(rng, cancelled, HOURS_OFFICE), NEVER)
    cancelled = np.where(cancelled < world.end, cancelled, NEVER)
    plan = pick(rng, n, (5, 3, 1))
    seats = np.ceil(np.exp(rng.normal(1.2, 0.8, n)) * np.array([1, 3, 10])[plan]).astype(np.int64)
    upgraded = start + delay(rng, n, median=260 * DAY, sigma=0.6)
    upgraded = np.where(
        (rng.random(n) < 0.3) & (upgraded < np.minimum(cancelled - 30 * DAY, world.end)), upgraded, NEVER
    )
    return Subscriptions(
        id=FIRST_SUBSCRIPTION * (chunk + 1) + np.arange(n),
        owner=owner,
        start=start,
        cancelled=cancelled,
        plan=plan,
        period=pick(rng, n, (6, 2, 2)),
        seats=seats,
        mrr=money(seats * np.array([9.0, 15.0, 22.0])[plan]),
        upgraded=upgraded,
        engagement=engagement,
        hazard=hazard,
    )


SUBSCRIPTIONS = Export(
    entity="subscriptions",
    file="billing/subscriptions",
    rows_per_customer=0.2,
    clock="start",
    known="as_at",
    delimiter=",",
    sql="""
      select
          'U' || id as subscription_id,
          'C' || account as customer_id,
          plan,
          start as started_at,
          term_end as contract_ends_at,
          cancelled as cancelled_at,
          mrr as mrr_amount,
          currency,
          every as billing_period,
          seats,
          state as status,
          as_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "account"),
        Dirt("type", "seats", "n/a", text_only=True),
        Dirt("range", "mrr", -9.0),
        Dirt("accepted", "every", "fortnight"),
    ),
)


def subscriptions(world: World, chunk: int, people: People, subscribed: Subscriptions) -> pa.Table:
    """Subscriptions: begun, extended by a year, changed to more seats, cancelled; a version each."""
    rng = world.rng("subscription table", chunk)
    n = len(subscribed.id)
    known = known_at(rng, world, subscribed.start)
    more = np.ceil(subscribed.seats * 1.5).astype(np.int64)
    parts = [_versions(world, people, subscribed, np.arange(n), known, subscribed.seats)]
    moments_of_change = [subscribed.start + years * 365 * DAY for years in range(1, world.years)]
    for when in (*moments_of_change, subscribed.upgraded, subscribed.cancelled):
        rows = np.flatnonzero((when > known) & (when <= subscribed.last(world)) & (when < world.end))
        seats = np.where(subscribed.upgraded[rows] <= when[rows], more[rows], subscribed.seats[rows])
        parts.append(_versions(world, people, subscribed, rows, when[rows], seats))
    return pa.concat_tables(parts)


def _versions(
    world: World, people: People, subscribed: Subscriptions, rows: np.ndarray, at: np.ndarray, seats: np.ndarray
) -> pa.Table:
    owner, start = subscribed.owner[rows], subscribed.start[rows]
    cancelled = subscribed.cancelled[rows]
    over = cancelled <= at
    terms = 1 + np.maximum(at - start, 0) // (365 * DAY)
    price = subscribed.mrr[rows] / subscribed.seats[rows]
    return pa.table(
        {
            "id": subscribed.id[rows],
            "account": people.number[owner],
            "plan": text(subscribed.plan[rows], PLANS),
            "start": moments(start),
            "term_end": moments(start + terms * 365 * DAY),
            "cancelled": moments(np.where(over, cancelled, 0), empty=~over),
            "mrr": money(price * seats),
            "currency": text(CURRENCY_OF_COUNTRY[people.country[owner]], CURRENCIES),
            "every": text(subscribed.period[rows], PERIODS),
            "seats": seats,
            "state": text(over, ("active", "cancelled")),
            "as_at": moments(np.minimum(at, world.known_until)),
        }
    )


USAGE_EVENTS = Export(
    entity="usage_events",
    file="product/usage",
    format="jsonl",
    rows_per_customer=11,
    clock="at",
    known="received_at",
    sql="""
      select
          'G' || event as usage_event_id,
          'C' || account as customer_id,
          "user" as user_id,
          "at" as used_at,
          feature,
          amount as quantity,
          seconds as duration_s,
          received_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "feature"),
        Dirt("type", "seconds", "n/a", text_only=True),
        Dirt("range", "amount", -1.0),
        Dirt("missing", "at"),
    ),
)


def usage_events(world: World, chunk: int, people: People, subscribed: Subscriptions) -> pa.Table:
    """Use of the product in office hours; it falls to a third in the ten weeks before a cancellation."""
    rng = world.rng("usage", chunk)
    last = subscribed.last(world)
    length = last - subscribed.start
    counts = rng.poisson(7.5 * subscribed.engagement * length / MONTH)
    row = np.repeat(np.arange(len(length)), counts)
    at = at_hours(rng, subscribed.start[row] + (rng.random(len(row)) * length[row]).astype(np.int64), HOURS_OFFICE)
    fading = subscribed.cancelled[row] - at < 70 * DAY
    weekend = (at // DAY + 3) % 7 >= 5
    keep = (rng.random(len(row)) < np.where(fading, 0.33, 1.0) * np.where(weekend, 0.2, 1.0)) & (at < last[row])
    keep &= at > subscribed.start[row]
    row, at = row[keep], at[keep]
    n, number = len(row), people.number[subscribed.owner[row]]
    seat = pa.array(rng.integers(1, 1 + np.minimum(subscribed.seats[row], 20))).cast(pa.string())
    return pa.table(
        {
            "event": FIRST_USE * (chunk + 1) + np.arange(n),
            "account": number,
            "user": pc.binary_join_element_wise(pa.array(number).cast(pa.string()), seat, "-"),
            "at": moments(at),
            "feature": text(pick(rng, n, (40, 12, 25, 13, 4, 6)), FEATURES),
            "amount": column((1 + rng.poisson(2.0, n)).astype(float)),
            "seconds": delay(rng, n, median=180, sigma=0.9),
            "received_at": moments(known_at(rng, world, at)),
        }
    )
