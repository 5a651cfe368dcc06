"""Success: support tickets."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clientele.demo.contracts import Subscriptions
from clientele.demo.exports import Dirt, Export
from clientele.demo.people import People
from clientele.demo.sampling import column, delay, known_at, moments, pick, text
from clientele.demo.seasons import HOURS_SHOP, at_hours
from clientele.demo.world import DAY, HOUR, YEAR, World

FIRST_TICKET = 600_000
DELETED = 1_000_000  # a customer number that the CRM no longer holds
TOPICS = ("delivery", "return", "billing", "product", "account")
PRIORITIES = ("low", "medium", "high", "critical")
SUBJECTS = ("Where is my parcel?", "Return, please", "Invoice wrong", "How does it work?", "Cannot log in; help")
BODIES = (
    "Hello,\nthe parcel has not arrived.", "I would like to return it, it does not fit.", 'The invoice says "0.00".',
    "Dear team; how do I set it up?", "The password is not accepted.",
)  # fmt: skip

SUPPORT_TICKETS = Export(
    entity="support_tickets",
    file="support/tickets",
    format="jsonl",
    rows_per_customer=1.8,
    clock="created",
    known="changed",
    sql="""
      select
          'H' || ticket as ticket_id,
          'C' || customer_no as customer_id,
          created as opened_at,
          first_reply as first_response_at,
          solved as resolved_at,
          via as channel,
          topic as category,
          lower(prio) as priority,
          state as status,
          subject,
          body,
          stars as satisfaction,
          changed as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "ticket"),
        Dirt("type", "created", "n/a", text_only=True),
        Dirt("range", "stars", 11.0),
        Dirt("accepted", "prio", "ASAP"),
    ),
)


def support_tickets(world: World, chunk: int, people: People, subscribed: Subscriptions) -> pa.Table:
    """Tickets: opened, and solved in a later version; more of them just before customers leave."""
    rng = world.rng("tickets", chunk)
    n_all = len(people)
    leaves = people.alive_until.copy()
    leaves[subscribed.owner] = np.minimum(subscribed.cancelled, world.end)
    alive = np.minimum(leaves, world.end) - people.registered
    usual = np.repeat(
        np.arange(n_all), rng.poisson(np.where(people.is_business, 1.8, 0.35) * np.maximum(alive, 0) / YEAR)
    )
    last = np.repeat(np.arange(n_all), rng.poisson(np.where(leaves < world.end, 0.5, 0.0)))
    at = people.registered[usual] + (rng.random(len(usual)) * alive[usual]).astype(np.int64)
    owner = np.concatenate([usual, last])
    at = np.concatenate([at, leaves[last] - rng.integers(0, 35 * DAY, len(last))])
    at = at_hours(rng, at, HOURS_SHOP)
    inside = (at > people.registered[owner]) & (at < world.end)
    owner, at, unhappy = owner[inside], at[inside], (np.arange(len(owner)) >= len(usual))[inside]
    n = len(at)
    reply = at + delay(rng, n, median=5 * HOUR, sigma=0.9)
    solved = reply + delay(rng, n, median=20 * HOUR, sigma=1.1)
    known = known_at(rng, world, at)
    topic = pick(rng, n, (4, 2, 2, 2, 1))
    none = np.ones(n, dtype=bool)
    stars = (5 - rng.poisson(np.where(unhappy, 2.2, 0.8))).clip(1, 5).astype(float)
    table = pa.table(
        {
            "ticket": FIRST_TICKET * (chunk + 1) + np.arange(n),
            "customer_no": np.where(np.arange(n) % 700 == 5, DELETED, people.number[owner]),
            "created": moments(at),
            "first_reply": moments(at, empty=none),
            "solved": moments(at, empty=none),
            "via": text(pick(rng, n, (5, 3, 2)), ("email", "chat", "phone")),
            "topic": text(topic, TOPICS),
            "prio": text(pick(rng, n, (4, 4, 2, 0.5)), [p.upper() for p in PRIORITIES]),
            "state": text(np.zeros(n), ("open", "resolved")),
            "subject": text(topic, SUBJECTS),
            "body": text(topic, BODIES),
            "stars": column(stars, empty=none),
            "changed": moments(known),
        }
    )
    done = np.flatnonzero((solved < world.end) & (rng.random(n) < 0.97))
    later = table.take(pa.array(done))
    for at_column, name, values in (
        (3, "first_reply", moments(reply[done])),
        (4, "solved", moments(solved[done])),
        (8, "state", text(np.ones(len(done)), ("open", "resolved"))),
        (11, "stars", column(stars[done], empty=rng.random(len(done)) < 0.6)),
        (12, "changed", moments(np.maximum(solved[done], known[done]) + 60)),
    ):
        later = later.set_column(at_column, name, values)
    return pa.concat_tables([table, later])
