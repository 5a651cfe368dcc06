"""Experiments: randomised tests in the shop, some with an effect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from clientele.demo.exports import Dirt, Export
from clientele.demo.people import People
from clientele.demo.sampling import delay, known_at, moments, text
from clientele.demo.seasons import HOURS_SHOP, at_hours
from clientele.demo.world import DAY, HOUR, World

IDEAS = (
    ("free_shipping", "Free shipping over 30 EUR brings more orders", 0.06),
    ("new_search", "A new search box brings more orders", 0.0),
    ("reviews", "Reviews on the list page bring more orders", 0.03),
    ("checkout_steps", "One step less in the checkout brings more orders", 0.0),
)
TREATED_SHARE = (0.5, 0.5, 0.2, 0.5)


@dataclass(frozen=True)
class Experiments:
    """The experiments, two a year."""

    start: np.ndarray
    end: np.ndarray
    idea: np.ndarray  # index into IDEAS

    @property
    def ids(self) -> list[str]:
        """Keys such as `EXP-01`."""
        return [f"EXP-{i + 1:02d}" for i in range(len(self.start))]


@cache
def experiments(world: World) -> Experiments:
    """Plan the experiments of all years."""
    n = 2 * world.years
    start = world.start + (np.arange(n) * (world.end - world.start) // n // DAY + 60) * DAY + 6 * HOUR
    return Experiments(start, start + 42 * DAY, np.arange(n) % len(IDEAS))


@dataclass
class Exposures:
    """First exposures of the customers of one chunk, and the orders that the treatment made."""

    owner: np.ndarray
    experiment: np.ndarray
    at: np.ndarray
    is_treated: np.ndarray
    answer_at: np.ndarray  # moment of the extra order, 0 without


def simulate(world: World, chunk: int, people: People) -> Exposures:
    """Expose a third of the customers who are alive."""
    rng, plan = world.rng("exposures", chunk), experiments(world)
    parts = []
    for k in range(len(plan.start)):
        may = (people.registered < plan.end[k] - DAY) & (people.alive_until > plan.start[k])
        owner = np.flatnonzero(may & (rng.random(len(people)) < 0.33))
        first = np.maximum(plan.start[k], people.registered[owner])
        last = np.minimum(plan.end[k], np.minimum(people.alive_until[owner], world.end))
        at = np.minimum(first + (rng.random(len(owner)) * (last - first)).astype(np.int64) + 60, world.end - 60)
        at = np.maximum(at_hours(rng, at, HOURS_SHOP), people.registered[owner] + 60)
        treated = rng.random(len(owner)) < TREATED_SHARE[plan.idea[k]]
        answer = at + delay(rng, len(owner), median=2 * DAY, sigma=0.8).clip(600, 13 * DAY)
        answers = treated & (rng.random(len(owner)) < IDEAS[plan.idea[k]][2]) & ~people.never_buys[owner]
        answer = np.where(answers & (answer < people.alive_until[owner]), answer, 0)
        parts.append((owner, np.full(len(owner), k), at, treated, answer))
    return Exposures(*(np.concatenate(c) for c in zip(*parts, strict=True)))


EXPERIMENTS = Export(
    entity="experiments",
    file="experiments/experiments",
    format="jsonl",
    clock="from",
    known="announced",
    sql="""
      select
          id as experiment_id,
          name as experiment_name,
          hypothesis,
          metric as primary_metric,
          "from" as starts_at,
          until as ends_at,
          'control' as control_variant,
          announced as loaded_at
      from source""",
    dirt=(Dirt("missing", "id"), Dirt("type", "from", "soon", text_only=True)),
)


def experiment_table(world: World) -> pa.Table:
    """The experiments, each known two weeks ahead."""
    plan = experiments(world)
    return pa.table(
        {
            "id": plan.ids,
            "name": [f"{IDEAS[i][0]}_{k + 1}" for k, i in enumerate(plan.idea)],
            "hypothesis": [IDEAS[i][1] for i in plan.idea],
            "metric": ["orders_14d"] * len(plan.idea),
            "from": moments(plan.start),
            "until": moments(plan.end),
            "announced": moments(plan.start - 14 * DAY),
        }
    )


def truth(world: World) -> pa.Table:
    """The extra orders within two weeks that each treatment makes, per customer alive."""
    plan = experiments(world)
    effect = [IDEAS[i][2] for i in plan.idea]
    return pa.table(
        {"experiment_id": plan.ids, "extra_orders": effect, "treated_share": [TREATED_SHARE[i] for i in plan.idea]}
    )


EXPOSURES = Export(
    entity="experiment_exposures",
    file="experiments/exposures",
    clock="first_seen",
    known="recorded_at",
    rows_per_customer=0.9,
    delimiter="\t",
    sql="""
      select
          experiment as experiment_id,
          'C' || customer_no as customer_id,
          first_seen as exposed_at,
          arm as variant,
          share as expected_share,
          recorded_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "arm"),
        Dirt("range", "share", 50.0),
        Dirt("type", "first_seen", "n/a", text_only=True),
    ),
)


def exposures(world: World, chunk: int, people: People, exposed: Exposures) -> pa.Table:
    """Who saw what first."""
    rng, plan = world.rng("exposure table", chunk), experiments(world)
    treated_share = np.array(TREATED_SHARE)[plan.idea[exposed.experiment]]
    return pa.table(
        {
            "experiment": text(exposed.experiment, plan.ids),
            "customer_no": people.number[exposed.owner],
            "first_seen": moments(exposed.at),
            "arm": text(exposed.is_treated, ("control", "treatment")),
            "share": np.where(exposed.is_treated, treated_share, 1 - treated_share),
            "recorded_at": moments(known_at(rng, world, exposed.at)),
        }
    )
