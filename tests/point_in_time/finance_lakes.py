"""Bookings, loans and instalments on all the edges of what feat_finance asks."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from clientele.contract import load_contract
from tests.point_in_time import lakes

WINDOWS = (0, 30, 90, 180, 365)
CATEGORIES = ["salary", "salary", "benefits", "gambling", "rent", "loan", None]


def _bounds(snapshot: date) -> list[datetime]:
    return [lakes.midnight(day) - timedelta(days=days) for day in lakes.edge_snapshots(snapshot) for days in WINDOWS]


def edge_rows(customers: list[str], snapshot: date, seed: int) -> dict[str, list[dict]]:
    """Rows by entity, of their own draws. Every tenth customer has an instalment and bookings exactly on a bound."""
    draw, contract = random.Random(f"finance {seed}"), load_contract()
    bounds = _bounds(snapshot)
    moments = [bound + shift for bound in bounds for shift in (-lakes.TICK, timedelta(0), lakes.TICK)]
    moments += [lakes.midnight(snapshot) - timedelta(days=days, hours=5) for days in (2, 20, 60, 120, 150, 400, 700)]
    moments += [lakes.midnight(snapshot) + timedelta(days=days) for days in (1, 4)]
    found: dict[str, list[dict]] = {"bank_transactions": [], "loans": [], "repayments": []}
    for number, customer in enumerate(customers):
        if number % 10 == 0:
            at = bounds[number // 10 % len(bounds)]
            found["repayments"].append(_instalment_on(customer, at, is_late=number % 20 == 0))
            found["bank_transactions"] += _bookings_on(customer, at)
            continue
        for n in range(draw.randrange(0, 14)):
            key = {"transaction_id": f"booking-{customer}-{n}", "customer_id": customer}
            for row in lakes.versions_of(contract["bank_transactions"], key, draw.choice(moments), snapshot, draw):
                sign = draw.choice([-1, 1])
                row |= {"amount": sign * row["amount"], "category": draw.choice(CATEGORIES)}
                row |= {
                    "account_id": draw.choice(["a", "a", "b"]),
                    "balance_after": draw.choice([-1, 1]) * row["amount"],
                }
                row |= {"counterparty_type": draw.choice([None, "employer", "merchant", "lender"])}
                found["bank_transactions"].append(row)
        for n in range(draw.randrange(0, 4)):
            key = {"loan_id": f"loan-{customer}-{n}", "customer_id": customer}
            for row in lakes.versions_of(contract["loans"], key, draw.choice(moments), snapshot, draw):
                row |= {
                    "closed_at": draw.choice([None, None, *moments]),
                    "interest_rate": draw.choice([None, 0.0, 0.08]),
                }
                row |= {"term_months": draw.choice([None, 0, 6, 24])}
                found["loans"].append(row)
        for n in range(draw.randrange(0, 8)):
            key = {"repayment_id": f"instalment-{customer}-{n}", "customer_id": customer}
            loan = f"loan-{customer}-{draw.randrange(0, 4)}"
            for row in lakes.versions_of(contract["repayments"], key, draw.choice(moments), snapshot, draw):
                share = draw.choice([None, Decimal(1), Decimal("0.995"), Decimal("0.5")])
                row |= {"loan_id": loan, "paid_at": draw.choice([None, *moments])}
                row |= {
                    "amount_paid": None if share is None else (row["amount_due"] * share).quantize(Decimal("0.0001"))
                }
                found["repayments"].append(row)
                if number % 10 == 5 and row["paid_at"] is not None:
                    found["bank_transactions"].append(_payment_of(row, len(found["bank_transactions"])))
    return found


def _payment_of(instalment: dict, number: int) -> dict:
    """A booking a day later that pays an instalment."""
    row = dict.fromkeys(load_contract()["bank_transactions"].columns) | {"transaction_id": f"payment-{number}"}
    at = instalment["paid_at"] + timedelta(days=1)
    row |= {"customer_id": instalment["customer_id"], "account_id": "a", "booked_at": at, "loaded_at": at}
    row |= {"amount": -instalment["amount_due"], "currency": instalment["currency"], "category": "loan"}
    return row | {"supersedes_loaded_at": None}


def _instalment_on(customer: str, at: datetime, *, is_late: bool) -> dict:
    """An instalment that was paid late at the moment, or fell due then and was paid at once."""
    row = dict.fromkeys(load_contract()["repayments"].columns) | {"customer_id": customer, "loan_id": "of nobody"}
    due, paid = (at - timedelta(days=7), at) if is_late else (at, at + timedelta(hours=1))
    row |= {"repayment_id": f"instalment-{customer}", "due_at": due, "paid_at": paid, "amount_due": Decimal(100)}
    return row | {"currency": "EUR", "loaded_at": due, "supersedes_loaded_at": None}


def _bookings_on(customer: str, at: datetime) -> list[dict]:
    """A stake lost at the moment, by standing order and into the overdraft, and income that covers it later."""
    row = dict.fromkeys(load_contract()["bank_transactions"].columns) | {"customer_id": customer, "account_id": "a"}
    row |= {"currency": "EUR", "credit_limit": Decimal(200), "supersedes_loaded_at": None}
    stake = {"transaction_id": f"stake-{customer}", "booked_at": at, "loaded_at": at, "amount": Decimal(-60)}
    stake |= {"category": "gambling", "is_recurring": True, "balance_after": Decimal(-50)}
    income = {"transaction_id": f"income-{customer}", "amount": Decimal(90), "category": "salary"}
    income |= {"booked_at": at + timedelta(hours=5), "loaded_at": at + timedelta(hours=5), "balance_after": Decimal(40)}
    return [row | stake, row | income]
