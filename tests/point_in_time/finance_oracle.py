"""Features of finance counted a second time, by hand: plain Python over the rows of a lake."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.point_in_time.lakes import GRACE, midnight
from tests.point_in_time.oracle import _read, known_versions

GROUP = "feat_finance"
DAY = timedelta(days=1)
KEPT = Decimal("0.99")  # share of an instalment that settles it
LATE = 90


class Money:
    """Amounts in euros at the rate of a day, as known at a moment."""

    def __init__(self, home: Path) -> None:
        rates = [row for row in _read(home, "fx_rates") if row["to_currency"] == "EUR"]
        self.rates = [(row["rate_date"], row["loaded_at"], row["rate"]) for row in rates]
        self.known: dict[tuple[date, datetime], float | None] = {}

    def euros(self, row: dict, column: str, at: datetime) -> Decimal | None:
        """A column of a row whose money is dated to `at`."""
        amount = row[column]
        if amount is None or row["currency"] in (None, "EUR"):
            return amount
        rate = self._rate(at.date(), row["loaded_at"])
        return None if rate is None else Decimal(math.floor(float(amount) * rate * 10000 + 0.5)) / 10000

    def _rate(self, day: date, known_at: datetime) -> float | None:
        if (day, known_at) not in self.known:
            fit = [
                (rate_date, loaded_at, rate)
                for rate_date, loaded_at, rate in self.rates
                if day - 7 * DAY <= rate_date <= day and loaded_at <= known_at
            ]
            self.known[day, known_at] = max(fit)[2] if fit else None
        return self.known[day, known_at]


def _instalments(home: Path, snapshot: date) -> list[dict]:
    """The newest version that had landed, where it is due before the snapshot: a plan counts as soon as it is there."""
    newest: dict[str, dict] = {}
    for row in sorted(_read(home, "repayments"), key=lambda row: row["loaded_at"]):
        if row["loaded_at"] < midnight(snapshot) + GRACE:
            newest[row["repayment_id"]] = row
    return [row for row in newest.values() if row["due_at"] < midnight(snapshot)]


def features_at(home: Path, snapshot: date, money: Money) -> list[dict]:
    """A row for every customer of the snapshot."""
    at = midnight(snapshot)
    bookings, loans, owed = (defaultdict[str, list](list) for _ in range(3))
    for row in known_versions(home, "bank_transactions", "booked_at", "transaction_id", snapshot):
        columns = ("amount", "balance_after", "credit_limit")
        euros = {column: money.euros(row, column, row["booked_at"]) for column in columns}
        bookings[row["customer_id"]].append(row | {"sign": row["amount"]} | euros)
    closed = {}
    for row in known_versions(home, "loans", "opened_at", "loan_id", snapshot):
        columns = ("principal_amount", "instalment_amount")
        loans[row["customer_id"]].append(row | {c: money.euros(row, c, row["opened_at"]) for c in columns})
        closed[row["loan_id"]] = row["closed_at"]
    for row in _instalments(home, snapshot):
        if closed.get(row["loan_id"]) is None or row["due_at"] <= closed[row["loan_id"]]:
            due = money.euros(row, "amount_due", min(row["due_at"], row["loaded_at"]))
            owed[row["customer_id"]].append(row | {"euros": due} | _delay(row, at))
    return [
        {"customer_id": customer, "snapshot_date": snapshot}
        | _of_account(bookings[customer], at)
        | _of_loans(loans[customer], owed, at)
        | _of_repayments(owed[customer], at)
        | _ratio_of_both(bookings[customer], owed[customer], at)
        for customer in (
            row["customer_id"] for row in known_versions(home, "customers", "registered_at", "customer_id", snapshot)
        )
    ]


def _delay(row: dict, at: datetime) -> dict:
    paid = row["amount_due"] if row["amount_paid"] is None else row["amount_paid"]
    is_settled = row["paid_at"] is not None and row["paid_at"] < at and paid >= row["amount_due"] * KEPT
    until = row["paid_at"] if is_settled else at
    return {"is_settled": is_settled, "until": until, "days": max(0, (until - row["due_at"]) // DAY)}


def _sum(values: list) -> Decimal | None:
    held = [value for value in values if value is not None]
    return sum(held, Decimal(0)) if held else None


def _is_income(row: dict) -> bool:
    of_kind = row["category"] in ("salary", "wages", "pension", "benefits") or row["counterparty_type"] == "employer"
    return row["sign"] > 0 and of_kind


def _is_loan(row: dict) -> bool:
    return row["category"] in ("loan", "mortgage") or row["counterparty_type"] == "lender"


def _recent(rows: list[dict], at: datetime) -> list[dict]:
    """Bookings of 180 days, in the order in which they were made."""
    return [
        row
        for row in sorted(rows, key=lambda row: (row["booked_at"], row["transaction_id"]))
        if row["booked_at"] >= at - 180 * DAY
    ]


def _ratio(part: object, whole: object) -> float | None:
    return float(part) / float(whole) if part is not None and whole else None


def _of_account(rows: list[dict], at: datetime) -> dict:
    first = min((row["booked_at"] for row in rows), default=None)
    recent = _recent(rows, at)
    has = bool(recent)

    def within(days: int) -> list[dict]:
        return [row for row in recent if row["booked_at"] >= at - days * DAY]

    def out(days: int, test: object = None) -> Decimal:
        return -(_sum([r["amount"] for r in within(days) if r["sign"] < 0 and (test is None or test(r))]) or Decimal(0))

    last: dict[str, dict] = {row["account_id"]: row for row in recent}
    balance = _sum([row["balance_after"] for row in last.values()])
    limit = _sum([row["credit_limit"] for row in last.values()])
    lowest = [row["balance_after"] for row in within(90) if row["balance_after"] is not None]
    incomes = {
        days: _sum([row["amount"] for row in within(days) if _is_income(row)]) or Decimal(0) for days in (30, 90, 180)
    }
    periods = [0.0] * 6
    for row in recent:
        if _is_income(row) and row["amount"] is not None:
            periods[math.ceil((at - row["booked_at"]) / DAY / 30) - 1] += float(row["amount"])
    age = (at - first) / DAY if first else None
    whole = periods[: min(6, math.floor(age / 30))] if age else []
    n = len(whole)
    mean = sum(whole) / n if n else None
    is_known = n == 6 or not sum(periods[n : n + 1]) or all(value > 0 for value in whole)
    spread = statistics.pstdev(whole) if n else None
    last_income = max((row["booked_at"] for row in recent if _is_income(row)), default=None)
    features: dict = {f"n_bookings_{days}d": len(within(days)) for days in (30, 90, 180)}
    features |= {f"income_{days}d": incomes[days] if has else None for days in (30, 90, 180)}
    features |= {f"outflow_{days}d": out(days) if has else None for days in (30, 90)}
    features["fixed_costs_90d"] = out(90, lambda row: row["is_recurring"] and not _is_loan(row)) if has else None
    features["gambling_90d"] = out(90, lambda row: row["category"] == "gambling") if has else None
    features["account_age_days"] = age
    features["income_monthly_180d"] = mean if has and is_known else None
    features["income_periods_180d_share"] = sum(value > 0 for value in whole) / n if has and n else None
    features["income_cv_180d"] = spread / mean if has and n > 1 and mean else None
    features["income_recency_180d_days"] = (at - last_income) / DAY if last_income else None
    features["balance"], features["credit_limit"] = balance, limit
    features["balance_min_90d"] = min(lowest, default=None)
    features["balance_buffer_days"] = _ratio(None if balance is None else 90 * balance, out(90))
    features["limit_utilisation"] = _ratio(None if limit is None else max(0, -(balance or 0)), limit)
    for days in (30, 90):
        under = [row for row in within(days) if (row["balance_after"] or 0) < 0]
        features[f"n_overdraft_bookings_{days}d"] = len(under) if balance is not None else None
        features[f"overdraft_{days}d_days"] = min(days, _overdrawn(recent, at, days)) if balance is not None else None
    features["gambling_90d_share"] = _ratio(features["gambling_90d"], features["outflow_90d"])
    features["fixed_costs_to_income_90d"] = _ratio(features["fixed_costs_90d"], incomes[90])
    features["surplus_to_income_90d"] = _ratio(incomes[90] - out(90), incomes[90])
    return features


def _overdrawn(rows: list[dict], at: datetime, days: int) -> float:
    total, since = 0.0, at - days * DAY
    for account in {row["account_id"] for row in rows}:
        own = [row for row in rows if row["account_id"] == account]
        for row, until in zip(own, [*(later["booked_at"] for later in own[1:]), at], strict=True):
            if (row["balance_after"] or 0) < 0:
                total += max(0.0, (until - max(row["booked_at"], since)) / DAY)
    return total


def _of_loans(rows: list[dict], owed: dict[str, list[dict]], at: datetime) -> dict:
    settled = defaultdict[str, int](int)
    for instalments in owed.values():
        for row in instalments:
            settled[row["loan_id"]] += row["is_settled"]
    running = [row for row in rows if row["closed_at"] is None or row["closed_at"] >= at]
    left = [value for row in running if (value := _outstanding(row, settled[row["loan_id"]])) is not None]
    principal = _sum([row["principal_amount"] for row in running])
    outstanding = sum(left) if left else None
    rates = [row["interest_rate"] for row in running if row["interest_rate"] is not None]
    opened = [row["opened_at"] for row in rows]
    return {
        "n_loans_lifetime": len(rows),
        "n_open_loans": len(running),
        "principal_open": principal if running else Decimal(0),
        "outstanding_principal": outstanding if running else 0.0,
        "instalments_monthly": _sum([row["instalment_amount"] for row in running]),
        "outstanding_share": _ratio(outstanding, principal),
        "interest_rate_max": max(rates, default=None),
        "days_since_first_loan": (at - min(opened)) / DAY if opened else None,
        "days_since_last_loan": (at - max(opened)) / DAY if opened else None,
    }


def _outstanding(row: dict, settled: int) -> float | None:
    term, rate = row["term_months"], row["interest_rate"]
    if not term or row["principal_amount"] is None:
        return None
    paid = min(settled, term)
    if not rate:
        return float(row["principal_amount"]) * (1 - paid / term)
    grown = (1 + rate / 12) ** term
    return float(row["principal_amount"]) * (grown - (1 + rate / 12) ** paid) / (grown - 1)


def _of_repayments(rows: list[dict], at: datetime) -> dict:
    features: dict = {}
    unpaid = [row for row in rows if not row["is_settled"]]
    overdue = [row for row in unpaid if row["days"] > 0]
    for days in (90, 365):
        due = [row for row in rows if row["due_at"] >= at - days * DAY]
        on_time = [row for row in due if row["is_settled"] and row["days"] == 0]
        features[f"n_instalments_due_{days}d"] = len(due)
        features[f"on_time_{days}d_share"] = _ratio(len(on_time), len(due))
    features["instalments_due_90d"] = _due(rows, at)
    features["n_overdue_instalments"] = len(overdue)
    features["overdue_amount"] = _sum([row["euros"] for row in overdue]) or Decimal(0)
    for days in (30, 90, 365):
        open_ = [row["days"] for row in rows if row["until"] >= at - days * DAY]
        features[f"days_past_due_max_{days}d"] = max(open_, default=None)
    known = features["days_past_due_max_365d"] is not None
    features["days_past_due"] = max((row["days"] for row in unpaid), default=0) if known else None
    defaults = [row["until"] for row in rows if row["days"] >= LATE]
    features["days_since_default"] = (at - max(defaults)) / DAY if defaults else None
    return features


def _due(rows: list[dict], at: datetime) -> Decimal:
    return _sum([row["euros"] for row in rows if row["due_at"] >= at - 90 * DAY]) or Decimal(0)


def _ratio_of_both(bookings: list[dict], owed: list[dict], at: datetime) -> dict:
    recent = [row for row in _recent(bookings, at) if row["booked_at"] >= at - 90 * DAY]
    income = _sum([row["amount"] for row in recent if _is_income(row)])
    booked = [row for row in recent if row["sign"] < 0 and _is_loan(row) and row["amount"] is not None]
    settled = [row for row in owed if row["is_settled"] and row["euros"] is not None]
    ours = [row for row in booked if any(_pays(row, instalment) for instalment in settled)]
    paid = [row for row in settled if any(_pays(booking, row) for booking in booked)]
    here = min(-sum((row["amount"] for row in ours), Decimal(0)), sum((row["euros"] for row in paid), Decimal(0)))
    others = -sum((row["amount"] for row in booked), Decimal(0)) - here
    return {
        "debt_service_ratio_90d": _ratio(_due(owed, at), income),
        "other_loan_payments_90d": others if _recent(bookings, at) else None,
    }


def _pays(booking: dict, instalment: dict) -> bool:
    is_near = abs(booking["booked_at"] - instalment["until"]) <= 5 * DAY
    return is_near and abs(-booking["amount"] - instalment["euros"]) <= instalment["euros"] * Decimal("0.05")


def write(connection: duckdb.DuckDBPyConnection, home: Path, snapshots: list[date]) -> None:
    """Write the group into a connection, as features.feat_finance like that of the warehouse."""
    money = Money(home)
    rows = [row for day in snapshots for row in features_at(home, day, money)]
    schema = pa.schema([(name, _type_of(name, rows)) for name in rows[0]])
    connection.register("rows", pa.Table.from_pylist(rows, schema=schema))
    connection.execute(f"create table features.{GROUP} as select * from rows")
    connection.unregister("rows")


def _type_of(name: str, rows: list[dict]) -> pa.DataType:
    kinds = {str: pa.string(), date: pa.date32(), int: pa.int64(), Decimal: pa.decimal128(28, 4), float: pa.float64()}
    of = {type(row[name]) for row in rows if row[name] is not None}
    return pa.float64() if float in of else kinds[of.pop()]
