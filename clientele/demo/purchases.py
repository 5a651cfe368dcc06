"""When customers buy: BG/NBD purchase times in seasonal time.

Fader, Hardie & Lee (2005), "Counting your customers" the easy way: while alive a customer buys as a Poisson
process with an own rate; after each order the customer drops out with an own chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clientele.demo.people import People
from clientele.demo.sampling import delay
from clientele.demo.seasons import HOURS_SHOP, at_hours, without_repeated_hour
from clientele.demo.world import DAY, World

NATURAL = -1


@dataclass
class Purchases:
    """Orders before they have content: sorted by owner and time."""

    owner: np.ndarray  # index of the customer within the chunk
    at: np.ndarray  # epoch seconds
    campaign: np.ndarray  # index of the campaign that made it, else NATURAL

    def next_after(self, owner: np.ndarray, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Position and moment of each owner's next purchase; len(self) and a far moment if there is none."""
        span = np.int64(2**36)
        at = np.searchsorted(self.owner * span + self.at, owner * span + moment, side="right")
        own = np.append(self.owner, -1)[at] == owner
        return np.where(own, at, len(self.owner)), np.where(own, np.append(self.at, 0)[at], 2**40)


def simulate(world: World, chunk: int, people: People) -> Purchases:
    """Draw all natural purchases and set `people.alive_until`."""
    rng = world.rng("purchases", chunk)
    n, season = len(people), world.season
    # Two of three buy on the visit that registers them, the others within weeks.
    wait = np.where(rng.random(n) < 0.66, rng.integers(120, 2_400, n), delay(rng, n, median=9 * DAY, sigma=1.0))
    first = people.registered + wait
    active = np.flatnonzero((first < world.end) & ~people.never_buys)
    even = season.to_even(first[active])
    last_even = season.to_even(np.array([world.end]))[0]
    # A customer who has not bought yet is alive; one who never buys is dead from the start.
    until = np.where(people.never_buys, people.registered, world.end)
    owners, times, firsts = [], [], []
    step = 0
    while len(active):
        owners.append(active)
        times.append(even)
        firsts.append(np.full(len(active), step == 0))
        dead = rng.random(len(active)) < people.dropout_chance[active]
        until[active[dead]] = -1 - step
        active, even = active[~dead], even[~dead]
        even = even + rng.exponential(size=len(active)) * (365.25 / people.rate[active])
        inside = even < last_even
        active, even = active[inside], even[inside]
        step += 1
    owner, is_first = np.concatenate(owners), np.concatenate(firsts)
    at = at_hours(rng, season.to_seconds(np.concatenate(times)), HOURS_SHOP)
    at = np.where(is_first, first[owner], np.maximum(at, first[owner] + 3_600))
    at = np.minimum(without_repeated_hour(at), world.end - 60)
    order = np.lexsort((at, owner))
    owner, at = owner[order], at[order]
    last = np.zeros(n, dtype=np.int64)
    np.maximum.at(last, owner, at)
    people.alive_until = np.where(until < 0, last, until)
    return Purchases(owner, at, np.full(len(owner), NATURAL, dtype=np.int32))


def changed(
    natural: Purchases, left_out: np.ndarray, owner: np.ndarray, at: np.ndarray, campaign: np.ndarray
) -> Purchases:
    """The purchases without those left out (positions) and with the extra ones that campaigns made."""
    keep = np.ones(len(natural.owner), dtype=bool)
    keep[left_out] = False
    owner = np.concatenate([natural.owner[keep], owner])
    at = np.concatenate([natural.at[keep], without_repeated_hour(at)])
    campaign = np.concatenate([natural.campaign[keep], campaign.astype(np.int32)])
    order = np.lexsort((at, owner))
    return Purchases(owner[order], at[order], campaign[order])
