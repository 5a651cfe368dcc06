"""Loyalty: the programs, and the tiers, rewards, partners and missions that belong to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from clientele.demo.exports import Dirt, Export
from clientele.demo.sampling import column, moments
from clientele.demo.world import DAY, World

TIER_POINTS = (0, 400, 1_500)
# Key, name, points, cost in euro, kind.
REWARDS = (
    ("RW-1", "Voucher 5 EUR", 500, 5.0, "voucher"),
    ("RW-2", "Voucher 12 EUR", 1_000, 12.0, "voucher"),
    ("RW-3", "Tote bag", 400, 2.8, "product"),
    ("RW-4", "Plant a tree", 250, 2.5, "donation"),
    ("RW-5", "Free delivery for a year", 1_500, 15.0, "upgrade"),
)
PARTNERS = (("PT-1", "Stadtbäckerei", "food"), ("PT-2", "Rail & Go", "travel"), ("PT-3", "Kino Süd", "leisure"))
MISSIONS = (
    ("MS-1", "Buy twice in a month", "purchase", 100),
    ("MS-2", "Write a review", "review", 50),
    ("MS-3", "Bring a friend", "referral", 200),
    ("MS-4", "Complete your profile", "profile", 50),
)


def tables(world: World) -> dict[str, pa.Table]:
    """The reference data of the clubs; all of it is known before the history begins, but for the late partner."""
    before = world.start - 30 * DAY
    middle = (world.start + (world.end - world.start) // 2) // DAY * DAY
    n_tiers = len(TIER_POINTS)
    return {
        "loyalty_programs": _table(
            {
                "club": ["CLUB", "PILOT"],
                "title": ["Clientele Club", "Pilot stamp card"],
                "from": moments(np.array([before, before - 300 * DAY])),
                "until": moments(np.array([0, before]), empty=np.array([True, False])),
                "point_eur": [0.01, 0.02],
                "lapse_days": column(np.array([365, 0]), empty=np.array([False, True])),
            },
            "from",
        ),
        "loyalty_tiers": _table(
            {
                "club": ["CLUB"] * n_tiers,
                "tier": ["bronze", "silver", "gold"],
                "rank": np.arange(1, n_tiers + 1),
                "from_points": np.array(TIER_POINTS),
                "factor": [1.0, 1.1, 1.25],
                "valid_from": moments(np.full(n_tiers, before)),
            },
            "valid_from",
        ),
        "rewards": _table(
            {
                "reward": [r[0] for r in REWARDS],
                "title": [r[1] for r in REWARDS],
                "kind": [r[4] for r in REWARDS],
                "points": np.array([r[2] for r in REWARDS]),
                "cost": [r[3] for r in REWARDS],
                "from": moments(np.full(len(REWARDS), before)),
                "until": moments(np.full(len(REWARDS), world.end + 400 * DAY)),
            },
            "from",
        ),
        "partners": _table(
            {
                "partner": [p[0] for p in PARTNERS],
                "title": [p[1] for p in PARTNERS],
                "kind": [p[2] for p in PARTNERS],
                "since": moments(np.full(len(PARTNERS), before)),
                "until": moments(np.array([0, 0, middle]), empty=np.array([True, True, False])),
            },
            "since",
        ),
        "missions": _table(
            {
                "mission": [m[0] for m in MISSIONS],
                "title": [m[1] for m in MISSIONS],
                "kind": [m[2] for m in MISSIONS],
                "points": np.array([m[3] for m in MISSIONS]),
                "from": moments(np.full(len(MISSIONS), before)),
                "until": moments(np.full(len(MISSIONS), world.end + 200 * DAY)),
            },
            "from",
        ),
    }


def _table(columns: Mapping[str, object], clock: str) -> pa.Table:
    """A table known since its clock."""
    return pa.table({**columns, "as_at": columns[clock]})


def _export(entity: str, file: str, clock: str, sql: str, dirt: tuple[Dirt, ...], *, form: str = "xlsx") -> Export:
    return Export(entity=entity, file=f"loyalty/{file}", clock=clock, known="as_at", sql=sql, dirt=dirt, format=form)


EXPORTS = [
    _export(
        "loyalty_programs",
        "clubs",
        "from",
        """
      select
          club as program_id,
          title as program_name,
          "from" as starts_at,
          until as ends_at,
          point_eur as point_value,
          'EUR' as currency,
          lapse_days as points_expire_after_days,
          as_at as loaded_at
      from source""",
        (Dirt("missing", "club"), Dirt("range", "point_eur", -1.0)),
    ),
    _export(
        "loyalty_tiers",
        "tiers",
        "valid_from",
        """
      select
          club || '-' || tier as tier_id,
          club as program_id,
          tier as tier_name,
          rank as tier_rank,
          from_points as min_points,
          factor as earn_multiplier,
          valid_from as effective_from,
          as_at as loaded_at
      from source""",
        (Dirt("missing", "tier"), Dirt("type", "factor", "n/a", text_only=True)),
    ),
    _export(
        "rewards",
        "rewards",
        "from",
        """
      select
          reward as reward_id,
          'CLUB' as program_id,
          title as reward_name,
          kind as reward_type,
          points as points_cost,
          cost as cost_amount,
          'EUR' as currency,
          "from" as available_from,
          until as available_to,
          as_at as loaded_at
      from source""",
        (Dirt("missing", "reward"), Dirt("range", "points", -5)),
    ),
    _export(
        "partners",
        "partners",
        "since",
        """
      select
          partner as partner_id,
          title as partner_name,
          kind as partner_type,
          since as joined_at,
          until as ended_at,
          as_at as loaded_at
      from source""",
        (Dirt("missing", "partner"),),
        form="csv",
    ),
    _export(
        "missions",
        "missions",
        "from",
        """
      select
          mission as mission_id,
          'CLUB' as program_id,
          title as mission_name,
          kind as mission_type,
          points as points_reward,
          "from" as starts_at,
          until as ends_at,
          as_at as loaded_at
      from source""",
        (Dirt("missing", "mission"), Dirt("type", "points", "n/a", text_only=True)),
        form="jsonl",
    ),
]
