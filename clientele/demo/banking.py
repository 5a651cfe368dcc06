"""Finance: bookings on the accounts of the house bank, and exchange rates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clientele.demo.exports import Dirt, Export
from clientele.demo.lending import MONTH, has_bank
from clientele.demo.names import CURRENCIES, CURRENCY_OF_COUNTRY
from clientele.demo.people import People
from clientele.demo.sampling import column, days, known_at, moments, money, text, within
from clientele.demo.world import DAY, HOUR, World

FIRST_BOOKING = 50_000_000

# Bookings of a month: category, counterparty, recurring, how many on average, mean as a share of the income.
BOOKINGS = (
    ("salary", "employer", True, 1.0, 1.0),
    ("rent", "landlord", True, 1.0, -0.33),
    ("utilities", "utility", True, 1.0, -0.07),
    ("insurance", "insurer", True, 1.0, -0.05),
    ("groceries", "merchant", False, 4.0, -0.06),
    ("leisure", "merchant", False, 2.0, -0.07),
    ("transfer", "person", False, 0.5, -0.05),
    ("gambling", "merchant", False, 0.1, -0.04),
)
SALARY, GAMBLING = 0, len(BOOKINGS) - 1

BANK_TRANSACTIONS = Export(
    entity="bank_transactions",
    file="finance/umsaetze",
    format="csv.gz",
    rows_per_customer=50,
    clock="gebucht",
    known="geliefert",
    decimal_comma=True,
    local_times={"gebucht": "%d.%m.%Y %H:%M:%S"},
    sql="""
      select
          'B' || Buchung as transaction_id,
          'C' || Kunde as customer_id,
          'A' || Konto as account_id,
          gebucht as booked_at,
          {money:Betrag} as amount,
          Waehrung as currency,
          {money:Saldo} as balance_after,
          {money:Dispo} as credit_limit,
          Kategorie as category,
          Gegenseite as counterparty_type,
          Dauerauftrag as is_recurring,
          geliefert as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "Buchung"),
        Dirt("type", "Betrag", "n/a", text_only=True),
        Dirt("range", "Dispo", "-100", text_only=True),
        Dirt("currency", "Waehrung", "TALER"),
        Dirt("no_such_time", "gebucht", "31.03.2024 02:15:00", text_only=True),
        Dirt("ragged", text_only=True),
    ),
)


def bank_transactions(world: World, chunk: int, people: People) -> pa.Table:
    """Bookings with a running balance, from the month after the registration on."""
    rng = world.rng("bookings", chunk)
    owner = np.flatnonzero(has_bank(world, chunk, people))
    risk = people.credit_risk[owner]
    income = np.exp(rng.normal(7.75, 0.35, len(owner)) - 0.12 * risk)
    months = 1 + ((world.end - people.registered[owner]) // MONTH).astype(np.int64)  # the last one in part
    account, month = np.repeat(np.arange(len(owner)), months), within(months)
    rows = []
    for code, (_, _, recurring, mean, share) in enumerate(BOOKINGS):
        often = mean * (np.exp(0.9 * risk[account]) if code == GAMBLING else 1.0)
        counts = np.ones(len(account), dtype=np.int64) if recurring else rng.poisson(often, len(account))
        if code == SALARY:
            counts = (rng.random(len(account)) > 0.02 * np.exp(0.6 * risk[account])).astype(np.int64)
        who, in_month = np.repeat(account, counts), np.repeat(month, counts)
        of_month = (
            np.full(len(who), 26 if code == SALARY else 2 * code - 1) if recurring else rng.integers(0, 29, len(who))
        )
        day = of_month + in_month * 30.4375
        spread = rng.lognormal(0, 0.02 if recurring else 0.5, len(who)) / (1.0 if recurring else 1.13)
        amount = money(share * income[who] * spread * (1 + 0.05 * risk[who] if share < 0 else 1.0))
        first = people.registered[owner[who]] // DAY
        at = (first + day.astype(np.int64)) * DAY + rng.integers(6 * HOUR, 20 * HOUR, len(who))
        rows.append((who, at, amount, np.full(len(who), code)))
    who, at, amount, kind = (np.concatenate(c) for c in zip(*rows, strict=True))
    keep = (at < world.end) & (at > people.registered[owner[who]])
    who, at, amount, kind = who[keep], at[keep], amount[keep], kind[keep]
    order = np.lexsort((at, who))
    who, at, amount, kind = who[order], at[order], amount[order], kind[order]
    opening = money(income * rng.uniform(0.2, 2.5, len(owner)) * np.exp(-0.5 * risk))
    limit = np.where(rng.random(len(owner)) < 0.6, np.round(income * 0.6, -2), 0.0)
    return pa.table(
        {
            "Buchung": FIRST_BOOKING * (chunk + 1) + np.arange(len(who)),
            "Kunde": people.number[owner[who]],
            "Konto": people.number[owner[who]] + 7_000_000,
            "gebucht": moments(at),
            "Betrag": amount,
            "Waehrung": text(CURRENCY_OF_COUNTRY[people.country[owner[who]]], CURRENCIES),
            "Saldo": money(opening[who] + _running(who, amount)),
            "Dispo": column(limit[who]),
            "Kategorie": text(kind, [b[0] for b in BOOKINGS]),
            "Gegenseite": text(kind, [b[1] for b in BOOKINGS]),
            "Dauerauftrag": column(np.array([b[2] for b in BOOKINGS])[kind]),
            "geliefert": moments(known_at(rng, world, at)),
        }
    )


def _running(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Running totals within sorted groups."""
    total = np.cumsum(values)
    first = np.searchsorted(group, group)
    return total - total[first] + values[first]


FX_RATES = Export(
    entity="fx_rates",
    file="finance/wechselkurse",
    clock="Tag",
    known="veroeffentlicht",
    delimiter=",",
    sql="""
      select
          Tag as rate_date,
          von as from_currency,
          nach as to_currency,
          Kurs as rate,
          veroeffentlicht as loaded_at
      from source""",
    dirt=(
        Dirt("type", "Kurs", "n/a", text_only=True),
        Dirt("range", "Kurs", 0.0),
        Dirt("currency", "von", "EUX"),
        Dirt("missing", "Tag"),
    ),
)


def fx_rates(world: World) -> pa.Table:
    """Closing rates to the euro on business days, published at 16:00 UTC, from ten days before the history on."""
    rng = world.rng("fx")
    day = np.arange(world.start // DAY - 10, world.end // DAY)
    day = day[(day + 3) % 7 < 5]
    rate = np.array([1.16, 0.91]) * np.exp(np.cumsum(rng.normal(0, 0.004, (len(day), 2)), axis=0))
    at = np.repeat(day, 2)
    return pa.table(
        {
            "Tag": days(at * DAY),
            "von": text(np.tile([1, 2], len(day)), CURRENCIES),
            "nach": text(np.zeros(2 * len(day)), CURRENCIES),
            "Kurs": np.round(rate.ravel(), 5),
            "veroeffentlicht": moments(at * DAY + 16 * HOUR),
        }
    )
