"""A company whose customers buy, drop out and spend as drawn, seen at monthly snapshots like customer_features."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

START = np.datetime64("2023-01-01")
FEATURES = ["n_orders_lifetime", "spend_lifetime", "recency_days", "days_since_first_order", "aov_lifetime",
            "refund_lifetime_share", "n_orders_90d", "spend_90d", "country", "n_sessions_90d"]  # fmt: skip


def months(n: int, first: str = "2024-01") -> list[date]:
    return (np.datetime64(first, "M") + np.arange(n)).astype("datetime64[D]").tolist()


def table(
    customers: int = 500,
    snapshots: list[date] | None = None,
    *,
    horizons: tuple[int, ...] = (90, 365),
    rate: float = 12.0,
    refunds: bool = True,
    seed: int = 7,
) -> pa.Table:
    """One row per customer who exists at a snapshot; one in ten of them never orders. `rate` is orders a year."""
    rng = np.random.default_rng(seed)
    snapshots = snapshots or months(24)
    end = np.datetime64(snapshots[-1])
    rows: list[dict] = []
    for customer in range(customers):
        at, amounts = _orders(rng, (end - START).astype(int), rate)
        never = rng.random() < 0.1
        country = str(rng.choice(["DE", "FR", "IT"]))
        for day in snapshots:
            now = (np.datetime64(day) - START).astype(int)
            known = at < now
            if not never and not known.any():
                continue
            row = {"customer_id": f"C{customer}", "snapshot_date": day, "country": country, "n_sessions_90d": None}
            rows.append(row | _features(at[known & (not never)], amounts[known & (not never)], now, refunds))
            for days in horizons:
                ahead = (at >= now) & (at < now + days) & (not never)
                passed = np.datetime64(day) + days <= end
                rows[-1][f"spend_next_{days}d"] = float(amounts[ahead].sum()) * 0.9 if passed else None
    rows.sort(key=lambda row: (row["snapshot_date"], row["customer_id"]))
    return pa.Table.from_pylist(rows, schema=_schema(horizons))


def _orders(rng: np.random.Generator, days: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    own, leaves, mean = rng.gamma(1.0, rate / 365), rng.beta(1.0, 8.0), rng.gamma(4.0) * 12
    at = [rng.uniform(0, days)]
    while at[-1] < days and rng.random() > leaves:
        at.append(at[-1] + rng.exponential() / max(own, 1e-6))
    moments = np.array([moment for moment in at if moment < days])
    return moments, rng.gamma(5.0, mean / 5.0, len(moments))


def _features(at: np.ndarray, amounts: np.ndarray, now: float, refunds: bool) -> dict:
    recent, n = at >= now - 90, len(at)
    return {
        "n_orders_lifetime": n,
        "spend_lifetime": float(amounts.sum()),
        "recency_days": float(now - at.max()) if n else None,
        "days_since_first_order": float(now - at.min()) if n else None,
        "aov_lifetime": float(amounts.mean()) if n else None,
        "refund_lifetime_share": 0.1 if n and refunds else None,
        "n_orders_90d": int(recent.sum()),
        "spend_90d": float(amounts[recent].sum()),
    }


def _schema(horizons: tuple[int, ...]) -> pa.Schema:
    numbers = [(name, pa.float64()) for name in FEATURES if name != "country"]
    labels = [(f"spend_next_{days}d", pa.float64()) for days in horizons]
    keys = [("customer_id", pa.string()), ("snapshot_date", pa.date32()), ("country", pa.string())]
    return pa.schema([*keys, *numbers, *labels])
