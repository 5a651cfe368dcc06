"""Success: invoices and payments, of subscriptions and of orders bought on invoice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clientele.demo.commerce import INVOICE, Orders
from clientele.demo.contracts import MONTHS, Subscriptions
from clientele.demo.exports import Dirt, Export
from clientele.demo.lending import MONTH
from clientele.demo.names import CURRENCIES, CURRENCY_OF_COUNTRY
from clientele.demo.people import NEVER, People
from clientele.demo.sampling import column, delay, known_at, moments, money, pick, text, within
from clientele.demo.world import DAY, World

FIRST_INVOICE, FIRST_PAYMENT = 8_000_000, 9_000_000
STATES = ("open", "paid", "overdue")
METHODS = ("transfer", "direct_debit", "card")


@dataclass
class Invoices:
    """Invoices of one chunk."""

    id: np.ndarray
    subscription: np.ndarray  # position of the subscription
    issued: np.ndarray  # epoch seconds
    amount: np.ndarray
    paid: np.ndarray  # NEVER if it is not


def simulate(world: World, chunk: int, people: People, subscribed: Subscriptions) -> Invoices:
    """One invoice a period; risky accounts pay late, and a third of the last ones before a cancellation stay open."""
    rng = world.rng("invoices", chunk)
    period = MONTHS[subscribed.period]
    last = subscribed.last(world)
    counts = np.maximum(0, (last - subscribed.start - 1) // (period * MONTH) + 1)
    row, k = np.repeat(np.arange(len(period)), counts), within(counts)
    issued = subscribed.start[row] + k * period[row] * MONTH
    seats = np.where(subscribed.upgraded[row] <= issued, np.ceil(subscribed.seats[row] * 1.5), subscribed.seats[row])
    n, risk = len(row), people.credit_risk[subscribed.owner[row]]
    wait = delay(rng, n, median=9 * DAY, sigma=0.5) * np.exp(0.35 * risk)
    unpaid = (rng.random(n) < 0.33) & (subscribed.cancelled[row] - issued < 1.5 * MONTH)
    return Invoices(
        id=FIRST_INVOICE * (chunk + 1) + np.arange(n),
        subscription=row,
        issued=issued,
        amount=money(subscribed.mrr[row] / subscribed.seats[row] * seats * period[row]),
        paid=np.where(unpaid, NEVER, issued + wait.astype(np.int64)),
    )


INVOICES = Export(
    entity="invoices",
    file="billing/invoices",
    format="csv.gz",
    rows_per_customer=2.2,
    clock="issued",
    known="as_at",
    delimiter=",",
    sql="""
      select
          'I' || invoice as invoice_id,
          'C' || account as customer_id,
          'U' || subscription as subscription_id,
          issued as issued_at,
          due as due_at,
          total as amount,
          currency,
          state as status,
          as_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "invoice"),
        Dirt("type", "total", "n/a", text_only=True),
        Dirt("range", "total", -120.0),
        Dirt("accepted", "state", "lost"),
        Dirt("ragged", text_only=True),
    ),
)


def invoices(world: World, chunk: int, people: People, subscribed: Subscriptions, billed: Invoices) -> pa.Table:
    """Invoices: open, overdue a week after the due date, paid; a version each."""
    rng = world.rng("invoice table", chunk)
    known = known_at(rng, world, billed.issued)
    due = billed.issued + 14 * DAY
    overdue = np.maximum(due + 7 * DAY, known + 1)
    paid = np.maximum(np.minimum(billed.paid + 600, NEVER), known + 1)
    rows = np.arange(len(known))
    late = np.flatnonzero((paid > overdue) & (overdue < world.known_until))
    done = np.flatnonzero(billed.paid < world.end)
    row = np.concatenate([rows, late, done])
    owner = subscribed.owner[billed.subscription[row]]
    state = np.repeat([0, 2, 1], [len(rows), len(late), len(done)])
    return pa.table(
        {
            "invoice": billed.id[row],
            "account": people.number[owner],
            "subscription": subscribed.id[billed.subscription[row]],
            "issued": moments(billed.issued[row]),
            "due": moments(due[row]),
            "total": billed.amount[row],
            "currency": text(CURRENCY_OF_COUNTRY[people.country[owner]], CURRENCIES),
            "state": text(state, STATES),
            "as_at": moments(np.concatenate([known, overdue[late], paid[done]])),
        }
    )


PAYMENTS = Export(
    entity="payments",
    file="billing/payments",
    rows_per_customer=2.8,
    clock="paid_on",
    known="imported",
    sql="""
      select
          'Y' || payment as payment_id,
          'C' || account as customer_id,
          'I' || invoice as invoice_id,
          'O' || order_no as order_id,
          paid_on as paid_at,
          amount,
          currency,
          means as method,
          result as status,
          imported as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "account"),
        Dirt("type", "paid_on", "n/a", text_only=True),
        Dirt("range", "amount", -20.0),
        Dirt("currency", "currency", "EUX"),
        Dirt("accepted", "result", "maybe"),
    ),
)


def payments(
    world: World, chunk: int, people: People, subscribed: Subscriptions, billed: Invoices, orders: Orders
) -> pa.Table:
    """Payments of invoices, some after a failed attempt, and of orders on invoice."""
    rng = world.rng("payments", chunk)
    paid = np.flatnonzero(billed.paid < world.end)
    failed = paid[(rng.random(len(paid)) < 0.04) & (billed.paid[paid] - billed.issued[paid] > 4 * DAY)]
    on_invoice = np.flatnonzero((orders.payment == INVOICE) & ~orders.is_cancelled)
    ordered = orders.settled[on_invoice] + delay(rng, len(on_invoice), median=8 * DAY)
    bill = np.concatenate([paid, failed, np.zeros(len(on_invoice), dtype=np.int64)])
    n, of_order = len(bill), np.arange(len(bill)) >= len(paid) + len(failed)
    order = np.zeros(n, dtype=np.int64)
    order[of_order] = on_invoice
    bought, invoice = orders.owner[on_invoice], np.concatenate([paid, failed])
    owner = np.concatenate([subscribed.owner[billed.subscription[invoice]], bought])
    at = np.concatenate([billed.paid[paid], billed.paid[failed] - 3 * DAY, ordered])
    amount = np.concatenate([billed.amount[invoice], orders.amount[on_invoice]])
    result = np.repeat([0, 1, 0], [len(paid), len(failed), len(on_invoice)])
    invoice_id = np.zeros(n, dtype=np.int64)
    invoice_id[~of_order] = billed.id[invoice]
    return pa.table(
        {
            "payment": FIRST_PAYMENT * (chunk + 1) + np.arange(n),
            "account": people.number[owner],
            "invoice": column(invoice_id, empty=of_order),
            "order_no": column(orders.id[order] if len(orders.id) else order, empty=~of_order),
            "paid_on": moments(at),
            "amount": amount,
            "currency": text(CURRENCY_OF_COUNTRY[people.country[owner]], CURRENCIES),
            "means": text(pick(rng, n, (5, 3, 2)), METHODS),
            "result": text(result, ("succeeded", "failed")),
            "imported": moments(known_at(rng, world, at)),
        }
    )
