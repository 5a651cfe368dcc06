"""Loyalty: memberships, points earned and spent, tiers reached, rewards taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clientele.demo.clubs import MISSIONS, PARTNERS, REWARDS, TIER_POINTS
from clientele.demo.commerce import Orders
from clientele.demo.exports import Dirt, Export
from clientele.demo.names import PRICE_FACTOR
from clientele.demo.people import NEVER, People
from clientele.demo.sampling import column, delay, known_at, moments, pick, text
from clientele.demo.world import DAY, HOUR, World

FIRST_ACCOUNT, FIRST_BOOKING, FIRST_REDEMPTION = 2_000_000, 60_000_000, 4_000_000
KINDS = ("earn", "bonus", "redeem", "expire")
EARN, BONUS, REDEEM, EXPIRE = range(4)


@dataclass
class Club:
    """Memberships and point bookings of one chunk."""

    owner: np.ndarray  # of each account
    enrolled: np.ndarray
    closed: np.ndarray  # NEVER while open
    tier_at: np.ndarray  # (accounts, 2): moments at which silver and gold were reached
    account: np.ndarray  # of each booking: position of the account; bookings are sorted by account and time
    at: np.ndarray
    points: np.ndarray
    kind: np.ndarray  # code into KINDS
    order: np.ndarray  # position of the order, -1 without
    reward: np.ndarray  # position of the reward, -1 without


def simulate(world: World, chunk: int, people: People, orders: Orders) -> Club:
    """Members earn a point a euro, at times a bonus, and take the reward they save for when they can."""
    rng = world.rng("loyalty", chunk)
    n = len(people)
    joins = people.registered + delay(rng, n, median=6 * DAY, sigma=1.8)
    member = (rng.random(n) < world.loyalty_share) & ~people.is_business & (joins < world.end - DAY)
    owner = np.flatnonzero(member)
    enrolled = joins[owner]
    position = np.full(n, -1)
    position[owner] = np.arange(len(owner))

    account = position[orders.owner]
    counts = (account >= 0) & ~orders.is_cancelled & (orders.at > joins[orders.owner]) & (orders.settled < world.end)
    order = np.flatnonzero(counts)
    euros = orders.amount[order] / PRICE_FACTOR[orders.currency[order]]
    account, at, points = account[order], orders.settled[order], np.floor(euros).astype(np.int64)
    bonus = np.flatnonzero(rng.random(len(order)) < 0.08)
    welcome = np.arange(len(owner))
    account = np.concatenate([account, account[bonus], welcome])
    at = np.concatenate([at, at[bonus] + HOUR, enrolled + 60])
    points = np.concatenate([points, rng.choice([50, 100, 200], len(bonus)), np.full(len(owner), 100)])
    kind = np.repeat([EARN, BONUS, BONUS], [len(order), len(bonus), len(owner)])
    order = np.concatenate([order, np.full(len(bonus) + len(owner), -1)])
    by_time = np.lexsort((at, account))
    account, at, points, kind, order = (a[by_time] for a in (account, at, points, kind, order))
    total = _running(account, points)
    tier_at = np.stack([_reached(account, at, total, p, len(owner)) for p in TIER_POINTS[1:]], axis=1)

    # Each member saves for one reward and takes it whenever the points suffice.
    reward = rng.integers(0, len(REWARDS), len(owner))
    price = np.array([r[2] for r in REWARDS])[reward]
    takes = total // price[account] - (total - points) // price[account] > 0
    takes &= rng.random(len(owner))[account] < 0.7
    times = np.where(takes, total // price[account] - (total - points) // price[account], 0)
    who, when = account[takes], at[takes] + delay(rng, int(takes.sum()), median=2 * HOUR)
    spent = -times[takes] * price[who]
    lapses, left = _lapsed(world, account, at, total, who, spent, len(owner))
    closed = np.where(rng.random(len(owner)) < 0.03, enrolled + delay(rng, len(owner), median=300 * DAY), NEVER)
    return Club(
        owner=owner,
        enrolled=enrolled,
        closed=np.where(closed < world.end, closed, NEVER),
        tier_at=tier_at,
        account=np.concatenate([account, who, lapses[0]]),
        at=np.concatenate([at, when, lapses[1]]),
        points=np.concatenate([points, spent, left]),
        kind=np.concatenate([kind, np.full(len(who), REDEEM), np.full(len(left), EXPIRE)]),
        order=np.concatenate([order, np.full(len(who) + len(left), -1)]),
        reward=np.concatenate([np.full(len(account), -1), reward[who], np.full(len(left), -1)]),
    )


def _running(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    total = np.cumsum(values)
    first = np.searchsorted(group, group)
    return total - total[first] + values[first] if len(values) else total


def _reached(account: np.ndarray, at: np.ndarray, total: np.ndarray, points: int, accounts: int) -> np.ndarray:
    moment = np.full(accounts, NEVER)
    enough = total >= points
    np.minimum.at(moment, account[enough], at[enough])
    return moment


def _lapsed(
    world: World,
    account: np.ndarray,
    at: np.ndarray,
    total: np.ndarray,
    who: np.ndarray,
    spent: np.ndarray,
    accounts: int,
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """What is left lapses a year after the last booking."""
    last, left = np.zeros(accounts, dtype=np.int64), np.zeros(accounts, dtype=np.int64)
    np.maximum.at(last, account, at)
    np.maximum.at(left, account, total)
    np.add.at(left, who, spent)
    lapses = np.flatnonzero((last + 366 * DAY < world.end) & (left > 0))
    return (lapses, (last[lapses] + 366 * DAY) // DAY * DAY), -left[lapses]


ACCOUNTS = Export(
    entity="loyalty_accounts",
    file="loyalty/members",
    rows_per_customer=0.7,
    clock="joined",
    known="as_at",
    delimiter=",",
    sql="""
      select
          'M' || member as account_id,
          club as program_id,
          'C' || customer_no as customer_id,
          joined as enrolled_at,
          club || '-' || tier as tier_id,
          "left" as closed_at,
          state as status,
          as_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "member"),
        Dirt("type", "joined", "n/a", text_only=True),
        Dirt("accepted", "state", "frozen"),
        Dirt("missing", "customer_no"),
    ),
)


def accounts(world: World, chunk: int, people: People, club: Club) -> pa.Table:
    """Memberships: joined, moved up a tier, closed; a version each."""
    rng = world.rng("members", chunk)
    known = known_at(rng, world, club.enrolled)
    every = np.arange(len(club.owner))
    parts = [(every, known)]
    for when in (club.tier_at[:, 0], club.tier_at[:, 1], club.closed):
        rows = np.flatnonzero((when < world.end) & (when > known) & (when <= club.closed))
        parts.append((rows, when[rows] + 1))
    row, at = (np.concatenate(c) for c in zip(*parts, strict=True))
    tier = (club.tier_at[row] < at[:, None]).sum(axis=1)
    closed = club.closed[row] < at
    return pa.table(
        {
            "member": FIRST_ACCOUNT * (chunk + 1) + row,
            "club": text(np.zeros(len(row)), ("CLUB",)),
            "customer_no": people.number[club.owner[row]],
            "joined": moments(club.enrolled[row]),
            "tier": text(tier, ("bronze", "silver", "gold")),
            "left": moments(np.where(closed, club.closed[row], 0), empty=~closed),
            "state": text(closed, ("active", "closed")),
            "as_at": moments(at),
        }
    )


POINTS = Export(
    entity="point_transactions",
    file="loyalty/points",
    format="csv.gz",
    rows_per_customer=4,
    clock="booked",
    known="received",
    delimiter=",",
    sql="""
      select
          'X' || booking as point_transaction_id,
          'M' || member as account_id,
          'C' || customer_no as customer_id,
          booked as transacted_at,
          points,
          kind as transaction_type,
          'O' || order_no as order_id,
          partner as partner_id,
          mission as mission_id,
          lapse as expires_at,
          received as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "member"),
        Dirt("type", "points", "viele", text_only=True),
        Dirt("accepted", "kind", "steal"),
        Dirt("missing", "points"),
        Dirt("ragged", text_only=True),
    ),
)


def point_transactions(world: World, chunk: int, people: People, orders: Orders, club: Club) -> pa.Table:
    """Bookings of points; a tenth of the bonus points comes from partners, the others from missions."""
    rng = world.rng("points", chunk)
    n, bonus = len(club.at), club.kind == BONUS
    by_partner = bonus & (rng.random(n) < 0.3)
    earned = club.kind <= BONUS
    order = np.maximum(club.order, 0)
    return pa.table(
        {
            "booking": FIRST_BOOKING * (chunk + 1) + np.arange(n),
            "member": FIRST_ACCOUNT * (chunk + 1) + club.account,
            "customer_no": people.number[club.owner[club.account]],
            "booked": moments(club.at),
            "points": club.points,
            "kind": text(club.kind, KINDS),
            "order_no": column(orders.id[order] if len(orders.id) else order, empty=club.order < 0),
            "partner": text(pick(rng, n, np.ones(len(PARTNERS))), [p[0] for p in PARTNERS], empty=~by_partner),
            "mission": text(pick(rng, n, np.ones(len(MISSIONS))), [m[0] for m in MISSIONS], empty=~bonus | by_partner),
            "lapse": moments(club.at + 365 * DAY, empty=~earned),
            "received": moments(known_at(rng, world, club.at)),
        }
    )


REDEMPTIONS = Export(
    entity="redemptions",
    file="loyalty/redemptions",
    format="jsonl",
    rows_per_customer=0.5,
    clock="at",
    known="as_at",
    sql="""
      select
          'Z' || id as redemption_id,
          'M' || member as account_id,
          'C' || customer_no as customer_id,
          reward as reward_id,
          "at" as redeemed_at,
          spent as points_spent,
          state as status,
          as_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "id"),
        Dirt("range", "spent", -500),
        Dirt("accepted", "state", "eaten"),
        Dirt("type", "at", "n/a", text_only=True),
    ),
)


def redemptions(world: World, chunk: int, people: People, club: Club) -> pa.Table:
    """Rewards: issued, and used or expired in a later version."""
    rng = world.rng("redemptions", chunk)
    row = np.flatnonzero(club.kind == REDEEM)
    n = len(row)
    known = known_at(rng, world, club.at[row])
    table = pa.table(
        {
            "id": FIRST_REDEMPTION * (chunk + 1) + np.arange(n),
            "member": FIRST_ACCOUNT * (chunk + 1) + club.account[row],
            "customer_no": people.number[club.owner[club.account[row]]],
            "reward": text(club.reward[row], [r[0] for r in REWARDS]),
            "at": moments(club.at[row]),
            "spent": -club.points[row],
            "state": text(np.zeros(n), ("issued", "used", "expired")),
            "as_at": moments(known),
        }
    )
    used = rng.random(n) < 0.85
    later = table.set_column(6, "state", text(np.where(used, 1, 2), ("issued", "used", "expired")))
    when = known + np.where(used, delay(rng, n, median=5 * DAY, sigma=0.9), 90 * DAY)
    return pa.concat_tables([table, later.set_column(7, "as_at", moments(when))])
