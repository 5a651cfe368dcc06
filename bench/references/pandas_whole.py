"""Pandas by hand: everything in memory, as a notebook would do it. For comparison, at a size it survives."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import md5
from pathlib import Path

import numpy as np
import pandas as pd

from bench.references import common

AT = pd.Timestamp(datetime.combine(common.SNAPSHOT, time()))


def build(lake: Path, out: Path) -> None:
    """Write the Parquet file `out`."""
    customers = _known(lake, "customers", "registered_at")
    draws = customers["customer_id"].map(lambda key: int(md5(key.encode()).hexdigest()[:7], 16) / 268435456)
    customers["is_sampled"] = draws * len(customers) < common.SAMPLED_CUSTOMERS
    orders = _known(lake, "orders", "ordered_at")
    orders = orders[orders["status"] != "cancelled"].astype({"amount": float, "discount_amount": float})
    sessions = _known(lake, "sessions", "started_at")
    sessions = sessions[sessions["customer_id"].notna()]
    frame = customers.set_index("customer_id")
    for part in (_bought(orders), _visited(sessions), _bought_recently(orders), _visited_recently(sessions)):
        frame = frame.join(part)
    frame = _scored(_derived(frame))
    frame[common.ZERO_IF_NONE] = frame[common.ZERO_IF_NONE].fillna(0)
    for name in common.COLUMNS:
        if name in common.CONSTANTS:
            frame[name] = common.CONSTANTS[name]
        elif name in common.NULLS:
            frame[name] = None
    frame.reset_index()[list(common.COLUMNS)].to_parquet(out)


def _known(lake: Path, entity: str, clock: str) -> pd.DataFrame:
    rows = pd.read_parquet(lake / f"{entity}.parquet", partitioning=None)
    return rows[(rows[clock] < AT) & (rows["loaded_at"] < AT + timedelta(hours=common.GRACE_HOURS))]


def _bought(orders: pd.DataFrame) -> pd.DataFrame:
    return orders.groupby("customer_id").agg(
        n_orders_lifetime=("order_id", "size"),
        spend_lifetime=("amount", "sum"),
        discount_lifetime=("discount_amount", "sum"),
        first_ordered_at=("ordered_at", "min"),
        last_ordered_at=("ordered_at", "max"),
    )


def _visited(sessions: pd.DataFrame) -> pd.DataFrame:
    return sessions.groupby("customer_id").agg(
        n_sessions_lifetime=("session_id", "size"), last_started_at=("started_at", "max")
    )


def _windows(rows: pd.DataFrame, clock: str, sums: dict[str, str], count: str) -> pd.DataFrame:
    parts = []
    for days in common.WINDOWS:
        groups = rows[rows[clock] >= AT - timedelta(days=days)].groupby("customer_id")
        part = groups[list(sums.values())].sum().set_axis([f"{name}_{days}d" for name in sums], axis=1)
        parts.append(part.assign(**{f"{count}_{days}d": groups.size()}))
    return pd.concat(parts[::-1], axis=1)


def _bought_recently(orders: pd.DataFrame) -> pd.DataFrame:
    orders = orders[orders["ordered_at"] >= AT - timedelta(days=common.WINDOWS[-1])]
    recent = _windows(orders, "ordered_at", {"spend": "amount"}, "n_orders")
    groups = orders.groupby("customer_id")
    recent["discount_90d"] = groups["discount_amount"].sum()
    span = groups["ordered_at"].max() - groups["ordered_at"].min()
    recent["gap_mean_90d_days"] = _ratio(span / timedelta(days=1), groups.size() - 1)
    for channel in common.CHANNELS:
        recent[f"n_{channel}_orders_90d"] = (orders["channel"] == channel).groupby(orders["customer_id"]).sum()
    return recent


def _visited_recently(sessions: pd.DataFrame) -> pd.DataFrame:
    sessions = sessions[sessions["started_at"] >= AT - timedelta(days=common.WINDOWS[-1])]
    recent = _windows(sessions, "started_at", common.SESSION_SUMS | {"n_conversions": "is_converted"}, "n_sessions")
    mobile = sessions["device"].isin(["mobile", "app"])
    recent["n_mobile_sessions_90d"] = mobile.groupby(sessions["customer_id"]).sum()
    return recent


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole.where(whole != 0)


def _derived(frame: pd.DataFrame) -> pd.DataFrame:
    day, first, last = timedelta(days=1), frame["first_ordered_at"], frame["last_ordered_at"]
    born = pd.to_datetime(frame["birth_date"])
    birthday_to_come = born.dt.month * 100 + born.dt.day > AT.month * 100 + AT.day
    gap_mean = _ratio((last - first) / day, frame["n_orders_lifetime"] - 1)
    columns = {
        "tenure_days": (AT - frame["registered_at"]) / day,
        "age_years": (AT.year - born.dt.year - birthday_to_come).astype("Int32"),
        "recency_days": (AT - last) / day,
        "days_since_first_order": (AT - first) / day,
        "gap_mean_days": gap_mean,
        "gap_trend": _ratio(frame["gap_mean_90d_days"], gap_mean),
        "recency_to_gap": _ratio((AT - last) / day, gap_mean),
        "aov_lifetime": _ratio(frame["spend_lifetime"], frame["n_orders_lifetime"]),
        "aov_90d": _ratio(frame["spend_90d"], frame["n_orders_90d"]),
        "discount_lifetime_share": _ratio(
            frame["discount_lifetime"], frame["discount_lifetime"] + frame["spend_lifetime"]
        ),
        "discount_90d_share": _ratio(frame["discount_90d"], frame["discount_90d"] + frame["spend_90d"]),
        "session_recency_days": (AT - frame["last_started_at"]) / day,
        "session_duration_mean_90d_s": _ratio(frame["session_duration_s_90d"], frame["n_sessions_90d"]),
        "conversion_90d_share": _ratio(frame["n_conversions_90d"], frame["n_sessions_90d"]),
        "mobile_sessions_90d_share": _ratio(frame["n_mobile_sessions_90d"], frame["n_sessions_90d"]),
    }
    for channel in common.CHANNELS:
        columns[f"{channel}_orders_90d_share"] = _ratio(frame[f"n_{channel}_orders_90d"], frame["n_orders_90d"])
    return frame.assign(**columns)


def _scored(frame: pd.DataFrame) -> pd.DataFrame:
    measures = {
        "recency": -frame["recency_days"],
        "frequency": frame["n_orders_lifetime"],
        "monetary": frame["spend_lifetime"],
    }
    is_buyer = frame["n_orders_lifetime"] > 0
    for name, measure in measures.items():
        ranked = np.sort(measure[is_buyer & frame["is_sampled"]].to_numpy())
        cuts = [ranked[common.place(name, len(ranked), fifth) - 1] for fifth in range(1, 5)]
        steps = [common.is_above(name, measure, cut).astype(int) for cut in cuts]
        frame[f"{name}_score"] = sum(steps).add(1).where(is_buyer).astype("Int32")
    weights = common.engagement_weights()
    observed = {"sessions": "n_sessions_30d", "page_views": "n_page_views_30d", "orders": "n_orders_90d"}
    points = sum(weights[c][0] * (frame[n].fillna(0) / weights[c][1]).clip(upper=1) for c, n in observed.items())
    frame["engagement_score"] = 100 * points / sum(weights[c][0] for c in observed)
    return frame
