"""Features counted a second time, by hand: plain Python over the rows of a lake, one customer and snapshot at a time.

It shares no code with the models, so that a wrong bound in both is unlikely. It covers every window of every source,
and what runs and ends.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from clientele.contract import load_contract
from tests.point_in_time.lakes import GRACE, midnight


def _one(_row: dict) -> int:
    return 1


# feature group -> (entity, clock, {feature: what one row adds})
COUNTED = {
    "feat_orders": ("orders", "ordered_at", {"n_orders": _one}),
    "feat_returns": ("returns", "returned_at", {"n_returns": _one}),
    "feat_sessions": (
        "sessions",
        "started_at",
        {
            "n_sessions": _one,
            "session_duration_s": lambda row: row["duration_s"],
            "n_page_views": lambda row: row["page_views"],
            "n_product_views": lambda row: row["product_views"],
            "n_cart_adds": lambda row: row["cart_adds"],
            "n_conversions": lambda row: int(bool(row["is_converted"])),
        },
    ),
    "feat_marketing": (
        "campaign_touches",
        "touched_at",
        {f"n_{kind}": lambda row, kind=kind: int(row["touch_type"] == kind) for kind in ("sent", "opened", "clicked")},
    ),
    "feat_categories": ("order_items", "ordered_at", {"n_units": lambda row: row["quantity"]}),
    "feat_usage": (
        "usage_events",
        "used_at",
        {"n_usage_events": _one, "usage_duration_s": lambda row: row["duration_s"]},
    ),
    "feat_support": ("support_tickets", "opened_at", {"n_tickets": _one}),
    "feat_billing": ("payments", "paid_at", {"n_failed_payments": lambda row: int(row["status"] == "failed")}),
}
# feature group -> {feature: what is counted once, however many rows have it}
COUNTED_ONCE = {
    "feat_usage": {
        "n_usage_days": lambda row: row["used_at"].date(),
        "n_used_features": lambda row: row["feature"],
        "n_active_users": lambda row: row["user_id"],
    },
}
COUNTS_NOT = {"orders": ("status", "cancelled"), "returns": ("status", "refused")}


def _read(home: Path, entity: str) -> list[dict]:
    with duckdb.connect() as connection:
        result = connection.execute(f"select * from read_parquet('{home}/lake/raw/batch=[1-9]*/{entity}.parquet')")
        names = [column[0] for column in result.description]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def known_versions(home: Path, entity: str, clock: str, key: str, snapshot: date) -> list[dict]:
    """The newest version of every row that had landed in time and whose event lies before the snapshot."""
    rows = _read(home, entity)
    newest: dict[str, dict] = {}
    for row in sorted(rows, key=lambda row: row["loaded_at"]):
        if row["loaded_at"] < midnight(snapshot) + GRACE and row[clock] < midnight(snapshot):
            newest[row[key]] = row
    return list(newest.values())


def _cancelled_orders(home: Path, snapshot: date) -> set[str]:
    """Orders of which any version that the snapshot sees says cancelled."""
    rows = _read(home, "orders")
    return {
        row["order_id"]
        for row in rows
        if row["status"] == "cancelled"
        and row["loaded_at"] < midnight(snapshot) + GRACE
        and row["ordered_at"] < midnight(snapshot)
    }


def counted_features(home: Path, group: str, snapshot: date) -> dict[str, dict[str, int | Decimal]]:
    """customer_id -> {feature_7d: value, ...} for the customers of the snapshot, 0 where nothing happened."""
    entity, clock, measures = COUNTED[group]
    (key,) = load_contract()[entity].key
    customers = known_versions(home, "customers", "registered_at", "customer_id", snapshot)
    zero: dict[str, int | Decimal] = {f"{name}_{days}d": 0 for name in measures for days in (7, 30, 90)}
    counted = {row["customer_id"]: dict(zero) for row in customers}
    seen: dict[tuple[str, str], set] = defaultdict(set)
    column, excluded = COUNTS_NOT.get(entity, (clock, None))
    cancelled = _cancelled_orders(home, snapshot) if entity == "order_items" else set()
    for row in known_versions(home, entity, clock, key, snapshot):
        if row.get("order_id") in cancelled:
            continue
        if row["customer_id"] not in counted or row[column] == excluded:
            continue
        for days in (7, 30, 90):
            if row[clock] >= midnight(snapshot) - timedelta(days=days):
                for name, of in measures.items():
                    counted[row["customer_id"]][f"{name}_{days}d"] += of(row) or 0
                for name, of in COUNTED_ONCE.get(group, {}).items():
                    seen[row["customer_id"], f"{name}_{days}d"].add(of(row))
    for customer, features in counted.items():
        for name in COUNTED_ONCE.get(group, {}):
            features |= {f"{name}_{days}d": len(seen[customer, f"{name}_{days}d"]) for days in (7, 30, 90)}
    return counted


def consents_at(home: Path, snapshot: date) -> dict[str, bool]:
    """customer_id -> whether a consent for marketing ran at the snapshot."""
    running: dict[str, bool] = defaultdict(bool)
    for row in known_versions(home, "consents", "granted_at", "consent_id", snapshot):
        ends: datetime | None = row["withdrawn_at"]
        if row["purpose"].startswith("marketing") and (ends is None or ends >= midnight(snapshot)):
            running[row["customer_id"]] = True
    return running


def _days(earlier: datetime, later: datetime) -> float:
    return (later - earlier) / timedelta(days=1)


def _replaced_another(home: Path) -> set[tuple[str, datetime]]:
    """Key and arrival of the versions of subscriptions that took over from one that had been seen."""
    rows = sorted(_read(home, "subscriptions"), key=lambda row: row["loaded_at"])
    seen: dict[str, datetime] = {}
    replaced = set()
    for row in rows:
        at = max(row["loaded_at"], row["started_at"] + GRACE)
        if at > min(seen.get(row["subscription_id"], datetime.max), at):
            replaced.add((row["subscription_id"], row["loaded_at"]))
        seen[row["subscription_id"]] = min(seen.get(row["subscription_id"], datetime.max), at)
    return replaced


def subscriptions_at(home: Path, snapshot: date) -> dict[str, dict]:
    """customer_id -> what feat_subscriptions says but for money, for the customers of the snapshot."""
    at, replaced = midnight(snapshot), _replaced_another(home)
    held: dict[str, list[dict]] = defaultdict(list)
    for row in known_versions(home, "subscriptions", "started_at", "subscription_id", snapshot):
        held[row["customer_id"]].append(row)
    features = {}
    for customer in known_versions(home, "customers", "registered_at", "customer_id", snapshot):
        rows = held[customer["customer_id"]]
        ends = [min(row["cancelled_at"] or datetime.max, row["contract_ends_at"] or datetime.max) for row in rows]
        running = [row for row, end in zip(rows, ends, strict=True) if end >= at]
        terms = [
            row["contract_ends_at"]
            for row in running
            if row["contract_ends_at"] and row["loaded_at"] > row["started_at"]
        ]
        ended = [end for end in ends if end < at]
        features[customer["customer_id"]] = {
            "is_subscriber": bool(running),
            "n_subscriptions_running": len(running),
            "seats": sum(row["seats"] for row in running),
            "subscription_tenure_days": _days(min(row["started_at"] for row in running), at) if running else None,
            "contract_days_left": _days(at, min(terms)) if terms else None,
            "has_notice": any(
                row["cancelled_at"] and (row["subscription_id"], row["loaded_at"]) in replaced for row in running
            ),
            "n_subscriptions_ended": len(ended),
            "last_subscription_ended_days": _days(max(ended), at) if ended else None,
        }
    return features


def open_tickets_at(home: Path, snapshot: date) -> dict[str, int]:
    """customer_id -> tickets of 90 days that were not resolved at the snapshot."""
    at, count = midnight(snapshot), defaultdict[str, int](int)
    for row in known_versions(home, "support_tickets", "opened_at", "ticket_id", snapshot):
        is_open = row["resolved_at"] is None or row["resolved_at"] >= at
        count[row["customer_id"]] += is_open and row["opened_at"] >= at - timedelta(days=90)
    return count


def overdue_invoices_at(home: Path, snapshot: date) -> dict[str, int]:
    """customer_id -> invoices of 90 days that were due at the snapshot, and no payment of 90 days known."""
    at, since, count = midnight(snapshot), midnight(snapshot) - timedelta(days=90), defaultdict[str, int](int)
    paid = {
        row["invoice_id"]
        for row in known_versions(home, "payments", "paid_at", "payment_id", snapshot)
        if row["status"] != "failed" and row["paid_at"] >= since
    }
    for row in known_versions(home, "invoices", "issued_at", "invoice_id", snapshot):
        is_due = row["issued_at"] >= since and row["due_at"] is not None and row["due_at"] < at
        count[row["customer_id"]] += is_due and row["status"] != "void" and row["invoice_id"] not in paid
    return count


# feature group -> {feature: what counts it for all customers of a day}
STATES = {
    "feat_support": {"n_open_tickets_90d": open_tickets_at},
    "feat_billing": {"n_overdue_invoices_90d": overdue_invoices_at},
}


def write(home: Path, path: Path, snapshots: list[date]) -> None:
    """Write the oracle's features into a DuckDB file, as features.<group> like those of the warehouse."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema features")
        for group in COUNTED:
            rows = [
                {"customer_id": customer, "snapshot_date": day} | values
                for day in snapshots
                for customer, values in counted_features(home, group, day).items()
            ]
            for name, at in STATES.get(group, {}).items():
                states = {day: at(home, day) for day in snapshots}
                rows = [row | {name: states[row["snapshot_date"]][row["customer_id"]]} for row in rows]
            _write_table(connection, group, rows)
        profiles = []
        for day in snapshots:
            running = consents_at(home, day)
            for row in known_versions(home, "customers", "registered_at", "customer_id", day):
                agreed = running.get(row["customer_id"], False)
                profiles.append(
                    {"customer_id": row["customer_id"], "snapshot_date": day, "has_marketing_consent": agreed}
                )
        _write_table(connection, "feat_profile", profiles)
        subscribed = [
            {"customer_id": customer, "snapshot_date": day} | values
            for day in snapshots
            for customer, values in subscriptions_at(home, day).items()
        ]
        _write_table(connection, "feat_subscriptions", subscribed)


def _write_table(connection: duckdb.DuckDBPyConnection, group: str, rows: list[dict]) -> None:
    import pyarrow as pa

    connection.register("rows", pa.Table.from_pylist(rows))
    wide = "decimal(28, 4)" if group == "feat_categories" else "bigint"
    columns = ", ".join(f"{n}::{wide} as {n}" if n.endswith("d") and n[-2].isdigit() else n for n in rows[0])
    connection.execute(f"create table features.{group} as select {columns} from rows")
    connection.unregister("rows")
