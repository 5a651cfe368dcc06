"""Marketing: campaigns, contacts with a randomised hold-out, and the orders that they make or prevent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from clientele.demo.exports import Dirt, Export
from clientele.demo.people import People
from clientele.demo.purchases import Purchases
from clientele.demo.sampling import column, days, delay, known_at, moments, money, pick, text
from clientele.demo.world import DAY, HOUR, World

TYPES = ("promotion", "reactivation", "newsletter", "launch")
CHANNELS = ("email", "sms", "push", "social", "search")
OWNED = 3  # the first channels contact single customers, the others buy reach
AUDIENCES = ("all", "lapsed", "subscribers", "new")
EVENTS = ("sent", "opened", "clicked", "converted", "unsubscribed", "bounced")
FIRST_TOUCH = 30_000_000


@dataclass(frozen=True)
class Campaigns:
    """The campaigns of the company in the order of their start."""

    start: np.ndarray  # epoch seconds
    end: np.ndarray
    kind: np.ndarray  # code into TYPES
    channel: np.ndarray  # code into CHANNELS
    propensity: np.ndarray  # chance that an eligible customer of average appetite is selected
    hold_out: np.ndarray  # share of the selected who are not contacted

    @property
    def ids(self) -> list[str]:
        """Keys such as `CMP-007`."""
        return [f"CMP-{i + 1:03d}" for i in range(len(self.start))]


@cache
def campaigns(world: World) -> Campaigns:
    """Plan the campaigns of all years."""
    rng = world.rng("campaigns")
    n = world.campaigns_a_year * world.years
    # One in each stretch of equal length: marketing plans are spread over the year, and no quarter stays without.
    first_day = ((np.arange(n) + rng.random(n)) * ((world.end - world.start) // DAY - 20) / n).astype(int)
    start = world.start + first_day * DAY + 8 * HOUR
    return Campaigns(
        start=start,
        end=start + rng.integers(5, 15, n) * DAY,
        kind=pick(rng, n, (4, 2, 4, 2)),
        channel=np.where(np.arange(n) % 3 == 2, pick(rng, n, (0, 0, 0, 1, 1)), pick(rng, n, (6, 1, 2))),
        propensity=rng.choice([0.35, 0.5, 0.7], n),
        hold_out=rng.choice([0.0, 0.1, 0.2], n, p=[0.4, 0.3, 0.3]),
    )


@dataclass
class Contacts:
    """Planned contacts of one chunk, and what came of them."""

    owner: np.ndarray
    campaign: np.ndarray
    at: np.ndarray
    is_control: np.ndarray
    propensity: np.ndarray
    unsubscribes: np.ndarray
    answer_at: np.ndarray  # moment of the extra order, 0 without
    left_out: np.ndarray  # position of the natural purchase that is not made, -1 without


def simulate(world: World, chunk: int, people: People, natural: Purchases) -> Contacts:
    """Contact customers campaign by campaign; who unsubscribes is not contacted again."""
    rng, plan = world.rng("contacts", chunk), campaigns(world)
    parts = []
    for k in np.flatnonzero(plan.channel < OWNED):
        start = plan.start[k]
        can = (people.registered < start) & (people.marketing_from < start) & (people.marketing_to > start + 3 * DAY)
        owner = np.flatnonzero(can)
        propensity = np.where(people.rate[owner] > world.rate_mean, 1.3, 0.9) * plan.propensity[k]
        selected = rng.random(len(owner)) < propensity
        owner, propensity = owner[selected], propensity[selected]
        control = rng.random(len(owner)) < plan.hold_out[k]
        at = start + rng.integers(0, 2 * HOUR, len(owner))
        leaves = np.where(people.annoyance[owner] > 0, 0.015, 0.002)
        unsubscribes = (rng.random(len(owner)) < leaves) & ~control
        people.marketing_to[owner[unsubscribes]] = at[unsubscribes] + 2 * HOUR
        parts.append((owner, np.full(len(owner), k), at, control, np.round(propensity, 4), unsubscribes))
    owner, campaign, at, control, propensity, unsubscribes = (np.concatenate(c) for c in zip(*parts, strict=True))
    return Contacts(
        owner=owner,
        campaign=campaign,
        at=at,
        is_control=control,
        propensity=propensity,
        unsubscribes=unsubscribes,
        answer_at=_answers(rng, people, owner, at, control),
        left_out=_left_out(rng, people, natural, owner, at, control),
    )


def _answers(
    rng: np.random.Generator, people: People, owner: np.ndarray, at: np.ndarray, control: np.ndarray
) -> np.ndarray:
    """Extra orders, hours to days after the contact, of those who are alive and have bought before."""
    answer = at + delay(rng, len(at), median=DAY, sigma=0.8).clip(HOUR // 2, 6 * DAY)
    answers = (rng.random(len(at)) < people.uplift[owner]) & ~control & ~people.never_buys[owner]
    return np.where(answers & (answer < people.alive_until[owner]), answer, 0)


def _left_out(
    rng: np.random.Generator,
    people: People,
    natural: Purchases,
    owner: np.ndarray,
    at: np.ndarray,
    control: np.ndarray,
) -> np.ndarray:
    """Natural purchases within two weeks that annoyed customers do not make; never the first of a customer."""
    position, when = natural.next_after(owner, at)
    annoyed = (rng.random(len(at)) < people.annoyance[owner]) & ~control & (when - at < 14 * DAY)
    before = np.concatenate([[-1], natural.owner])[np.minimum(position, len(natural.owner))]
    return np.where(annoyed & (before == owner), position, -1)


CAMPAIGNS = Export(
    entity="campaigns",
    file="marketing/kampagnen",
    format="xlsx",
    clock="Beginn",
    known="Geplant am",
    local_times={"Beginn": "", "Ende": ""},
    sql="""
      select
          Kampagne as campaign_id,
          Name as campaign_name,
          lower(Art) as campaign_type,
          Kanal as channel,
          Beginn as starts_at,
          Ende as ends_at,
          Budget as budget_amount,
          'EUR' as currency,
          Zielgruppe as target_audience,
          "Geplant am" as loaded_at
      from source""",
    dirt=(Dirt("missing", "Kampagne"), Dirt("type", "Budget", "offen", text_only=True)),
)


def campaign_table(world: World) -> pa.Table:
    """The campaign plan; each campaign is known ten days ahead."""
    plan, rng = campaigns(world), world.rng("campaign table")
    names = [f"{TYPES[k].title()} {i + 1}" for i, k in enumerate(plan.kind)]
    return pa.table(
        {
            "Kampagne": plan.ids,
            "Name": names,
            "Art": text(plan.kind, [t.upper() for t in TYPES]),
            "Kanal": text(plan.channel, CHANNELS),
            "Beginn": moments(plan.start),
            "Ende": moments(plan.end),
            "Budget": money(rng.uniform(0.2, 1.2, len(plan.start)) * world.customers + 200),
            "Zielgruppe": text(plan.kind, AUDIENCES),
            "Geplant am": moments(plan.start - 10 * DAY),
        }
    )


PERFORMANCE = Export(
    entity="campaign_performance",
    file="marketing/ads_daily",
    clock="day",
    known="reported_at",
    delimiter=",",
    sql="""
      select
          campaign as campaign_id,
          day as performance_date,
          impressions,
          clicks,
          conversions,
          revenue as revenue_amount,
          spend as cost_amount,
          currency,
          reported_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "day"),
        Dirt("type", "clicks", "n/a", text_only=True),
        Dirt("range", "spend", -3.5),
        Dirt("currency", "currency", "EUX"),
        Dirt("future", "day", "2099-01-01", text_only=True),
    ),
)


def performance(world: World) -> pa.Table:
    """Daily figures of every campaign, reported the next morning."""
    plan, rng = campaigns(world), world.rng("performance")
    length = (plan.end - plan.start) // DAY
    k = np.repeat(np.arange(len(length)), length)
    day = plan.start[k] // DAY + np.concatenate([np.arange(m) for m in length])
    seen = rng.poisson(np.where(plan.channel[k] < OWNED, 0.05, 0.6) * world.customers * rng.uniform(0.5, 1.5, len(k)))
    clicks = rng.binomial(seen, 0.035)
    conversions = rng.binomial(clicks, 0.06)
    known = (day + 1) * DAY + 4 * HOUR + rng.integers(0, HOUR, len(day))
    known = np.where(rng.random(len(day)) < world.late_share, known + 2 * DAY, known)
    return pa.table(
        {
            "campaign": text(k, plan.ids),
            "day": days(day * DAY),
            "impressions": seen,
            "clicks": clicks,
            "conversions": conversions,
            "revenue": money(conversions * 55.0 * rng.uniform(0.7, 1.3, len(day))),
            "spend": money(clicks * rng.uniform(0.2, 0.6, len(day))),
            "currency": text(np.zeros(len(day)), ("EUR",)),
            "reported_at": moments(known),
        }
    )


TOUCHES = Export(
    entity="campaign_touches",
    file="marketing/touches",
    clock="at",
    known="recorded_at",
    format="csv.gz",
    rows_per_customer=11,
    delimiter=",",
    sql="""
      select
          'T' || touch as touch_id,
          'C' || customer_no as customer_id,
          campaign as campaign_id,
          "at" as touched_at,
          event as touch_type,
          channel,
          cost as cost_amount,
          'EUR' as currency,
          arm as treatment_group,
          propensity,
          recorded_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "customer_no"),
        Dirt("type", "at", "n/a", text_only=True),
        Dirt("range", "propensity", 1.7),
        Dirt("accepted", "event", "teleported"),
        Dirt("ragged", text_only=True),
    ),
)


def touches(world: World, chunk: int, people: People, contacts: Contacts, made: Purchases) -> pa.Table:
    """Contacts and reactions. A control row is a contact that was planned and withheld: sent, at no cost."""
    rng, plan = world.rng("touches", chunk), campaigns(world)
    n = len(contacts.owner)
    reached = ~contacts.is_control & (rng.random(n) > 0.01)
    answered = contacts.answer_at > 0
    opened = reached & (answered | (rng.random(n) < np.where(people.uplift[contacts.owner] > 0, 0.42, 0.27)))
    clicked = opened & (answered | (rng.random(n) < 0.2))
    open_at = contacts.at + np.minimum(delay(rng, n, median=3 * HOUR, sigma=1.0), DAY)
    open_at = np.where(answered, contacts.at + (contacts.answer_at - contacts.at) // 2, open_at)
    click_at = np.where(answered, contacts.at + (contacts.answer_at - contacts.at) * 3 // 4, open_at + 40)
    _, bought_at = made.next_after(contacts.owner, click_at)
    bought_at = np.where(answered, contacts.answer_at, bought_at)
    converted = clicked & (bought_at - click_at < 5 * DAY)
    events = (
        (0, np.ones(n, dtype=bool), contacts.at),
        (1, opened, open_at),
        (2, clicked, click_at),
        (3, converted, bought_at),
        (4, contacts.unsubscribes, contacts.at + HOUR),
        (5, ~reached & ~contacts.is_control, contacts.at + 30),
    )
    row = np.concatenate([np.flatnonzero(happens) for _, happens, _ in events])
    event = np.concatenate([np.full(happens.sum(), code) for code, happens, _ in events])
    at = np.concatenate([when[happens] for _, happens, when in events])
    held_out = plan.hold_out[contacts.campaign[row]] > 0
    channel = plan.channel[contacts.campaign[row]]
    cost = np.where((event == 0) & ~contacts.is_control[row], np.array([0.012, 0.07, 0.002, 0, 0])[channel], 0.0)
    return pa.table(
        {
            "touch": FIRST_TOUCH * (chunk + 1) + np.arange(len(row)),
            "customer_no": people.number[contacts.owner[row]],
            "campaign": text(contacts.campaign[row], plan.ids),
            "at": moments(at),
            "event": text(event, EVENTS),
            "channel": text(channel, CHANNELS),
            "cost": cost,
            "arm": text(contacts.is_control[row], ("treatment", "control"), empty=~held_out),
            "propensity": column(contacts.propensity[row], empty=~held_out),
            "recorded_at": moments(known_at(rng, world, at)),
        }
    )
