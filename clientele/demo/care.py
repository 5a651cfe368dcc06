"""Success: alerts, what was done about them and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.demo.contracts import Subscriptions
from clientele.demo.exports import Dirt, Export
from clientele.demo.people import People
from clientele.demo.sampling import column, delay, known_at, moments, money, pick, text
from clientele.demo.seasons import HOURS_OFFICE, at_hours
from clientele.demo.world import DAY, HOUR, YEAR, World

FIRST_ALERT = 300_000


@dataclass
class Alerts:
    """Alerts of one chunk."""

    id: np.ndarray
    owner: np.ndarray
    opened: np.ndarray  # epoch seconds
    is_true: np.ndarray  # the customer was about to leave
    acknowledged: np.ndarray
    acted: np.ndarray  # moment of the action, 0 without


def simulate(world: World, chunk: int, subscribed: Subscriptions) -> Alerts:
    """Alerts before six of ten cancellations, and false ones."""
    rng = world.rng("alerts", chunk)
    last = subscribed.last(world)
    seen = np.flatnonzero((subscribed.cancelled < world.end) & (rng.random(len(last)) < 0.6))
    counts = rng.poisson(0.5 * (last - subscribed.start) / YEAR)
    false = np.repeat(np.arange(len(last)), counts)
    row = np.concatenate([seen, false])
    at = np.concatenate(
        [
            last[seen] - rng.integers(8 * DAY, 50 * DAY, len(seen)),
            subscribed.start[false] + (rng.random(len(false)) * (last - subscribed.start)[false]).astype(np.int64),
        ]
    )
    is_true = np.arange(len(row)) < len(seen)
    # The alert runs at six in the morning.
    at = at // DAY * DAY + 6 * HOUR
    inside = (at > subscribed.start[row]) & (at < world.end)
    row, at, is_true = row[inside], at[inside], is_true[inside]
    n = len(row)
    acknowledged = at + delay(rng, n, median=9 * HOUR, sigma=0.7)
    acts = rng.random(n) < 0.62
    acted = np.where(acts, at_hours(rng, acknowledged + DAY, HOURS_OFFICE), 0)
    return Alerts(FIRST_ALERT * (chunk + 1) + np.arange(n), subscribed.owner[row], at, is_true, acknowledged, acted)


ALERT_STATUS_EVENTS = Export(
    entity="alert_status_events",
    file="support/alert_log",
    rows_per_customer=0.25,
    clock="at",
    known="logged",
    delimiter="|",
    sql="""
      select
          'W' || alert as alert_id,
          'C' || account as customer_id,
          "at" as changed_at,
          lower(state) as status,
          agent as changed_by,
          logged as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "alert"),
        Dirt("accepted", "state", "EXPLODED"),
        Dirt("type", "at", "n/a", text_only=True),
        Dirt("ragged", text_only=True),
    ),
)
STATES = ("opened", "acknowledged", "snoozed", "resolved", "dismissed")
AGENTS = ("system", "agent-01", "agent-02", "agent-03", "agent-04")


def alert_status_events(world: World, chunk: int, people: People, alerts: Alerts) -> pa.Table:
    """Opened by the system, acknowledged by most, resolved or dismissed in the end."""
    rng = world.rng("alert log", chunk)
    n = len(alerts.id)
    acknowledged = (rng.random(n) < 0.88) | (alerts.acted > 0)
    snoozed = acknowledged & (rng.random(n) < 0.12)
    closed = acknowledged & (rng.random(n) < 0.9)
    end = np.where(closed & (alerts.acted == 0) & (rng.random(n) < 0.7), 4, 3)
    closed_at = np.maximum(alerts.acted, alerts.acknowledged + 2 * DAY) + delay(rng, n, median=2 * DAY)
    steps = (
        (np.ones(n, dtype=bool), np.zeros(n), alerts.opened),
        (acknowledged, np.ones(n), alerts.acknowledged),
        (snoozed, np.full(n, 2), alerts.acknowledged + DAY),
        (closed, end, closed_at),
    )
    row = np.concatenate([np.flatnonzero(happens) for happens, _, _ in steps])
    state = np.concatenate([code[happens] for happens, code, _ in steps]).astype(np.int32)
    at = np.concatenate([when[happens] for happens, _, when in steps])
    agent = np.where(state == 0, 0, 1 + alerts.id[row] % 4)
    return pa.table(
        {
            "alert": alerts.id[row],
            "account": people.number[alerts.owner[row]],
            "at": moments(at),
            "state": text(state, [s.upper() for s in STATES]),
            "agent": text(agent, AGENTS),
            "logged": moments(known_at(rng, world, at)),
        }
    )


ALERT_FEEDBACK = Export(
    entity="alert_feedback",
    file="support/alert_feedback",
    format="jsonl",
    rows_per_customer=0.06,
    clock="at",
    known="logged",
    sql="""
      select
          'V' || id as alert_feedback_id,
          'W' || alert as alert_id,
          'C' || account as customer_id,
          "at" as given_at,
          useful as is_useful,
          why as reason,
          agent as given_by,
          logged as loaded_at
      from source""",
    dirt=(Dirt("missing", "useful"), Dirt("type", "useful", "perhaps", text_only=True), Dirt("missing", "alert")),
)


def alert_feedback(world: World, chunk: int, people: People, alerts: Alerts) -> pa.Table:
    """What agents thought of the alerts they worked on; they are right in five of six cases."""
    rng = world.rng("alert feedback", chunk)
    row = np.flatnonzero((alerts.acted > 0) & (rng.random(len(alerts.id)) < 0.75))
    n = len(row)
    useful = alerts.is_true[row] ^ (rng.random(n) < 1 / 6)
    at = alerts.acted[row] + delay(rng, n, median=HOUR)
    why = np.where(useful, pick(rng, n, (3, 2)), 2 + pick(rng, n, (3, 2)))
    return pa.table(
        {
            "id": alerts.id[row],
            "alert": alerts.id[row],
            "account": people.number[alerts.owner[row]],
            "at": moments(at),
            "useful": column(useful),
            "why": text(why, ("about_to_leave", "new_to_us", "seasonal", "known_already")),
            "agent": text(1 + alerts.id[row] % 4, AGENTS),
            "logged": moments(known_at(rng, world, at)),
        }
    )


ACTIONS = Export(
    entity="actions",
    file="support/massnahmen",
    rows_per_customer=0.08,
    clock="am",
    known="erfasst",
    decimal_comma=True,
    sql="""
      select
          'Q' || Nr as action_id,
          'C' || Kunde as customer_id,
          Empfehlung as recommendation_id,
          Art as action_type,
          am as taken_at,
          Team as taken_by,
          {money:Kosten} as cost_amount,
          'EUR' as currency,
          erfasst as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Art"),
        Dirt("type", "Kosten", "n/a", text_only=True),
        Dirt("range", "Kosten", "-10,00", text_only=True),
        Dirt("missing", "Nr"),
    ),
)
KINDS = ("call", "discount", "training")


def actions(world: World, chunk: int, people: People, alerts: Alerts) -> pa.Table:
    """What was done about alerts."""
    rng = world.rng("actions", chunk)
    row = np.flatnonzero(alerts.acted > 0)
    n, kind = len(row), _kind(alerts, row)
    recommended = rng.random(n) < 0.5
    reference = pc.binary_join_element_wise("REC-", pa.array(alerts.id[row]).cast(pa.string()), "")
    return pa.table(
        {
            "Nr": alerts.id[row],
            "Kunde": people.number[alerts.owner[row]],
            "Empfehlung": pc.if_else(pa.array(recommended), reference, pa.scalar(None, pa.string())),
            "Art": text(kind, KINDS),
            "am": moments(alerts.acted[row]),
            "Team": text(alerts.id[row] % 2, ("success-north", "success-south")),
            "Kosten": money(np.array([12.0, 60.0, 140.0])[kind] * rng.uniform(0.7, 1.3, n)),
            "erfasst": moments(known_at(rng, world, alerts.acted[row])),
        }
    )


def _kind(alerts: Alerts, row: np.ndarray) -> np.ndarray:
    return (alerts.id[row] // 2) % 3


ACTION_OUTCOMES = Export(
    entity="action_outcomes",
    file="support/ergebnisse",
    rows_per_customer=0.08,
    clock="am",
    known="erfasst",
    decimal_comma=True,
    sql="""
      select
          'Q' || Nr as action_id,
          'C' || Kunde as customer_id,
          am as observed_at,
          Ergebnis as outcome,
          {money:Wert} as value_amount,
          'EUR' as currency,
          erfasst as loaded_at
      from source""",
    dirt=(Dirt("missing", "Ergebnis"), Dirt("type", "Wert", "n/a", text_only=True), Dirt("missing", "Kunde")),
)


def action_outcomes(world: World, chunk: int, people: People, alerts: Alerts) -> pa.Table:
    """What came of the actions, six weeks on: most who were about to leave left all the same."""
    rng = world.rng("outcomes", chunk)
    row = np.flatnonzero((alerts.acted > 0) & (rng.random(len(alerts.id)) < 0.9))
    n = len(row)
    outcome = np.where(alerts.is_true[row], pick(rng, n, (0, 8, 1)), pick(rng, n, (8, 0, 2)))
    at = alerts.acted[row] + 42 * DAY + delay(rng, n, median=2 * DAY)
    value = money(np.array([1.0, -1.0, 0.0])[outcome] * rng.gamma(2.0, 300.0, n))
    return pa.table(
        {
            "Nr": alerts.id[row],
            "Kunde": people.number[alerts.owner[row]],
            "am": moments(at),
            "Ergebnis": text(outcome, ("retained", "churned", "no_answer")),
            "Wert": column(value, empty=outcome == 2),
            "erfasst": moments(known_at(rng, world, at)),
        }
    )
