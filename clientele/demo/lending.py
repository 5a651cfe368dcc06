"""Finance: loans, instalments and defaults."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clientele.demo.exports import Dirt, Export
from clientele.demo.names import CURRENCIES, CURRENCY_OF_COUNTRY
from clientele.demo.people import People
from clientele.demo.sampling import column, days, delay, known_at, moments, money, pick, text, within
from clientele.demo.world import DAY, HOUR, World

MONTH = 2_629_800  # seconds, 365.25 / 12 days
FIRST_LOAN, FIRST_INSTALMENT = 500_000, 40_000_000
PRODUCTS = ("instalment", "auto", "consumer")
STATES = ("open", "closed", "defaulted")
TERMS = np.array([6, 12, 18, 24, 36])


@dataclass
class Loans:
    """Loans of one chunk."""

    owner: np.ndarray
    opened: np.ndarray  # epoch seconds
    principal: np.ndarray
    rate: np.ndarray  # yearly, as a fraction
    term: np.ndarray  # months
    instalment: np.ndarray
    default_month: np.ndarray  # first instalment that is not paid, a number beyond the term if all are


def default_propensity(people: People) -> np.ndarray:
    """Chance that a customer defaults on a loan within its term."""
    return 1 / (1 + np.exp(2.1 - 1.2 * people.credit_risk))


def has_bank(world: World, chunk: int, people: People) -> np.ndarray:
    """Customers with an account at the house bank."""
    rng = world.rng("bank", chunk)
    return (rng.random(len(people)) < world.bank_share) & ~people.is_business


def simulate(world: World, chunk: int, people: People) -> Loans:
    """Draw who borrows how much, and who stops paying when."""
    rng = world.rng("loans", chunk)
    share = np.where(has_bank(world, chunk, people), world.loan_share_bank, world.loan_share_other)
    borrows = np.flatnonzero((rng.random(len(people)) < share) & (people.registered < world.end - 30 * DAY))
    owner = np.repeat(borrows, 1 + (rng.random(len(borrows)) < 0.3))
    n = len(owner)
    room = world.end - 7 * DAY - people.registered[owner]
    opened = people.registered[owner] + 5 * DAY + (rng.random(n) ** 1.3 * room).astype(np.int64)
    opened = opened // DAY * DAY + rng.integers(8 * HOUR, 17 * HOUR, n)
    principal = np.round(np.exp(rng.normal(8.0, 0.7, n)).clip(400, 40_000) / 100) * 100
    rate = np.round((0.065 + 0.012 * people.credit_risk[owner] + rng.normal(0, 0.012, n)).clip(0.019, 0.169), 4)
    term = TERMS[pick(rng, n, (1, 3, 2, 3, 2))]
    monthly = rate / 12
    defaults = rng.random(n) < default_propensity(people)[owner]
    stop = 1 + np.floor(rng.beta(1.2, 1.8, n) * term).astype(np.int64)
    return Loans(
        owner=owner,
        opened=opened,
        principal=principal,
        rate=rate,
        term=term,
        instalment=money(principal * monthly / (1 - (1 + monthly) ** -term)),
        default_month=np.where(defaults, stop, 999),
    )


LOANS = Export(
    entity="loans",
    file="finance/kredite",
    format="xlsx",
    rows_per_customer=0.35,
    clock="Auszahlung",
    known="Stand",
    local_times={"Auszahlung": "%Y-%m-%d %H:%M:%S"},
    types={"Zins": "double"},
    sql="""
      select
          'K' || Vertrag as loan_id,
          'C' || Kunde as customer_id,
          Auszahlung as opened_at,
          Produkt as product,
          Betrag as principal_amount,
          Waehrung as currency,
          Zins / 100 as interest_rate,
          Laufzeit as term_months,
          Rate as instalment_amount,
          Ende as closed_at,
          Status as status,
          Stand as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Kunde"),
        Dirt("type", "Laufzeit", "n/a", text_only=True),
        Dirt("range", "Betrag", -500.0),
        Dirt("accepted", "Status", "verkauft"),
    ),
)


def loans(world: World, chunk: int, people: People, lent: Loans) -> pa.Table:
    """Loans: open, and closed or defaulted in a later version."""
    rng = world.rng("loan table", chunk)
    n = len(lent.owner)
    ends = lent.opened + (lent.term + 1) * MONTH
    known = known_at(rng, world, lent.opened)
    table = pa.table(
        {
            "Vertrag": FIRST_LOAN * (chunk + 1) + np.arange(n),
            "Kunde": people.number[lent.owner],
            "Auszahlung": moments(lent.opened),
            "Produkt": text(pick(rng, n, (5, 2, 3)), PRODUCTS),
            "Betrag": lent.principal,
            "Waehrung": text(CURRENCY_OF_COUNTRY[people.country[lent.owner]], CURRENCIES),
            "Zins": np.round(lent.rate * 100, 2),
            "Laufzeit": lent.term,
            "Rate": lent.instalment,
            "Ende": moments(ends),
            "Status": text(np.zeros(n), STATES),
            "Stand": moments(known),
        }
    )
    defaulted = lent.default_month <= lent.term
    settled = np.where(defaulted, lent.opened + lent.default_month * MONTH + 90 * DAY, ends)
    changed = np.flatnonzero(settled < world.end)
    later = table.take(pa.array(changed))
    later = later.set_column(9, "Ende", moments(settled[changed]))
    later = later.set_column(10, "Status", text(1 + defaulted[changed], STATES))
    return pa.concat_tables([table, later.set_column(11, "Stand", moments(settled[changed] + HOUR))])


REPAYMENTS = Export(
    entity="repayments",
    file="finance/raten",
    format="csv.gz",
    rows_per_customer=6,
    clock="faellig",
    known="Stand",
    delimiter=";",
    decimal_comma=True,
    sql="""
      select
          'N' || Rate as repayment_id,
          'K' || Vertrag as loan_id,
          'C' || Kunde as customer_id,
          faellig as due_at,
          {money:Soll} as amount_due,
          bezahlt as paid_at,
          {money:Haben} as amount_paid,
          Waehrung as currency,
          Stand as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Rate"),
        Dirt("missing", "faellig"),
        Dirt("type", "Soll", "n/a", text_only=True),
        Dirt("range", "Soll", "-87,20", text_only=True),
        Dirt("currency", "Waehrung", "EUX"),
    ),
)


def repayments(world: World, chunk: int, people: People, lent: Loans) -> pa.Table:
    """Instalments: due, and paid in a later version; those from the default on stay unpaid."""
    rng = world.rng("repayments", chunk)
    loan = np.repeat(np.arange(len(lent.owner)), lent.term)
    month = 1 + within(lent.term)
    due = (lent.opened[loan] + month * MONTH) // DAY * DAY
    n = len(due)
    risk = people.credit_risk[lent.owner[loan]]
    close = lent.default_month[loan] - month  # instalments until the default
    late_chance = np.where((close >= 0) & (close <= 3), 0.6, 0.1 / (1 + np.exp(1.0 - 1.2 * risk)) + 0.01)
    late = rng.random(n) < late_chance
    paid = due + np.where(late, delay(rng, n, median=14 * DAY), rng.integers(-3 * DAY, 6 * HOUR, n))
    paid = np.maximum(paid, lent.opened[loan] + DAY)
    listed = np.maximum(due - 30 * DAY, lent.opened[loan] + HOUR)
    table = pa.table(
        {
            "Rate": FIRST_INSTALMENT * (chunk + 1) + np.arange(n),
            "Vertrag": FIRST_LOAN * (chunk + 1) + loan,
            "Kunde": people.number[lent.owner[loan]],
            "faellig": moments(due),
            "Soll": lent.instalment[loan],
            "bezahlt": moments(paid, empty=np.ones(n, dtype=bool)),
            "Haben": column(lent.instalment[loan], empty=np.ones(n, dtype=bool)),
            "Waehrung": text(CURRENCY_OF_COUNTRY[people.country[lent.owner[loan]]], CURRENCIES),
            "Stand": moments(listed),
        }
    )
    settled = np.flatnonzero((close > 0) & (paid < world.end))
    later = table.take(pa.array(settled))
    later = later.set_column(5, "bezahlt", moments(paid[settled]))
    later = later.set_column(6, "Haben", column(lent.instalment[loan[settled]]))
    later = later.set_column(8, "Stand", moments(known_at(rng, world, np.maximum(paid, listed)[settled] + 1)))
    return pa.concat_tables([table, later])


OUTCOMES = Export(
    entity="credit_decision_outcomes",
    file="finance/decisions",
    format="jsonl",
    rows_per_customer=0.5,
    clock="decided",
    known="stored",
    sql="""
      select
          'D' || number as decision_id,
          'C' || customer_no as customer_id,
          asked_on as recommended_on,
          decided as decided_at,
          outcome as decision,
          words as reason,
          sum as amount,
          iso as currency,
          stored as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "number"),
        Dirt("accepted", "outcome", "perhaps"),
        Dirt("range", "sum", -500.0),
    ),
)


def credit_decision_outcomes(world: World, chunk: int, people: People, lent: Loans) -> pa.Table:
    """What the company's people decided: each loan was approved days before; others asked for one and got none."""
    rng = world.rng("credit decisions", chunk)
    banks = np.flatnonzero(has_bank(world, chunk, people) & (people.registered < world.end - 30 * DAY))
    risk = people.credit_risk[banks]
    refused = banks[rng.random(len(banks)) < 0.35 / (1 + np.exp(1.0 - 1.2 * risk))]
    room = world.end - people.registered[refused] - 2 * DAY
    asked = people.registered[refused] + DAY + (rng.random(len(refused)) * room).astype(np.int64)
    approved = np.maximum(lent.opened - rng.integers(4 * HOUR, 4 * DAY, len(lent.owner)), people.registered[lent.owner])
    owner, at = np.concatenate([lent.owner, refused]), np.concatenate([approved, asked])
    outcome = np.concatenate([np.zeros(len(lent.owner)), 1 + (rng.random(len(refused)) < 0.2)]).astype(np.int32)
    amount = np.concatenate([lent.principal, np.zeros(len(refused))])
    return pa.table(
        {
            "number": 30_000_000 * (chunk + 1) + np.arange(len(owner)),
            "customer_no": people.number[owner],
            "asked_on": days(at),
            "decided": moments(at),
            "outcome": text(outcome, ("approved", "declined", "withdrawn")),
            "words": text(outcome, ("Affordable", "Not affordable now", "Customer changed their mind")),
            "sum": column(amount, empty=outcome > 0),
            "iso": text(CURRENCY_OF_COUNTRY[people.country[owner]], CURRENCIES),
            "stored": moments(known_at(rng, world, at)),
        }
    )
