"""Polars by hand: the same two passes as lazy frames, run by its streaming engine into a Parquet file."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import md5
from pathlib import Path

import polars as pl

from bench.references import common

AT = datetime.combine(common.SNAPSHOT, time())
DAY_US = 86_400_000_000
TYPES: dict[str, pl.DataType] = {
    **{"bigint": pl.Int64(), "double": pl.Float64(), "varchar": pl.String()},
    **{"boolean": pl.Boolean(), common.MONEY: pl.Decimal(28, 4)},
}


def build(lake: Path, out: Path) -> None:
    """Write the Parquet file `out`."""
    buyers = _customers(lake).join(_bought(lake), on="customer_id", how="left").collect(engine="streaming")
    frame = buyers.lazy()
    for part in (_visited(lake), _bought_recently(lake), _visited_recently(lake)):
        frame = frame.join(part, on="customer_id", how="left")
    frame = frame.with_columns(**_derived(), **_rfm(buyers), engagement_score=_engagement())
    frame.select(_columns()).sink_parquet(out, compression="lz4", engine="streaming")


def _known(lake: Path, entity: str, clock: str) -> pl.LazyFrame:
    known = pl.col("loaded_at") < AT + timedelta(hours=common.GRACE_HOURS)
    return pl.scan_parquet(lake / f"{entity}.parquet", hive_partitioning=False).filter((pl.col(clock) < AT) & known)


def _windowed(value: pl.Expr, name: str, clock: str, kind: pl.DataType) -> dict[str, pl.Expr]:
    """The sum of a value over each window; the rows are those of the longest."""
    sums = {}
    for days in common.WINDOWS:
        within = value if days == common.WINDOWS[-1] else value.filter(pl.col(clock) >= AT - timedelta(days=days))
        sums[f"{name}_{days}d"] = within.cast(kind).sum()
    return sums


def _days(earlier: pl.Expr, later: pl.Expr) -> pl.Expr:
    return (later - earlier).dt.total_microseconds() / DAY_US


def _ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    divisor = whole.cast(pl.Float64)
    return part.cast(pl.Float64) / pl.when(divisor != 0).then(divisor)


def _customers(lake: Path) -> pl.LazyFrame:
    draw = pl.col("customer_id").map_batches(_draws, return_dtype=pl.Float64)
    return _known(lake, "customers", "registered_at").with_columns(
        is_sampled=draw * pl.len().cast(pl.Float64) < common.SAMPLED_CUSTOMERS
    )


def _draws(ids: pl.Series) -> pl.Series:
    """Polars has no md5: the one step done in Python."""
    return pl.Series([int(md5(key.encode()).hexdigest()[:7], 16) / 268435456 for key in ids], dtype=pl.Float64)


def _bought(lake: Path) -> pl.LazyFrame:
    orders = _known(lake, "orders", "ordered_at").filter(pl.col("status") != "cancelled")
    return orders.group_by("customer_id").agg(
        n_orders_lifetime=pl.len().cast(pl.Int64),
        spend_lifetime=pl.col("amount").sum(),
        discount_lifetime=pl.col("discount_amount").sum(),
        first_ordered_at=pl.col("ordered_at").min(),
        last_ordered_at=pl.col("ordered_at").max(),
    )


def _visited(lake: Path) -> pl.LazyFrame:
    sessions = _known(lake, "sessions", "started_at").filter(pl.col("customer_id").is_not_null())
    return sessions.group_by("customer_id").agg(
        n_sessions_lifetime=pl.len().cast(pl.Int64), last_started_at=pl.col("started_at").max()
    )


def _bought_recently(lake: Path) -> pl.LazyFrame:
    clock, since = pl.col("ordered_at"), AT - timedelta(days=common.WINDOWS[-1])
    orders = _known(lake, "orders", "ordered_at").filter((clock >= since) & (pl.col("status") != "cancelled"))
    return orders.group_by("customer_id").agg(
        **_windowed(clock.is_not_null(), "n_orders", "ordered_at", pl.Int64()),
        **_windowed(pl.col("amount"), "spend", "ordered_at", pl.Decimal(28, 4)),
        **{f"n_{name}_orders_90d": (pl.col("channel") == name).sum() for name in common.CHANNELS},
        discount_90d=pl.col("discount_amount").sum(),
        gap_mean_90d_days=_ratio(_days(clock.min(), clock.max()), pl.len().cast(pl.Int64) - 1),
    )


def _visited_recently(lake: Path) -> pl.LazyFrame:
    clock, since = pl.col("started_at"), AT - timedelta(days=common.WINDOWS[-1])
    sessions = _known(lake, "sessions", "started_at").filter((clock >= since) & pl.col("customer_id").is_not_null())
    sums: dict[str, pl.Expr] = {}
    for name, column in common.SESSION_SUMS.items():
        sums |= _windowed(pl.col(column), name, "started_at", pl.Int64())
    return sessions.group_by("customer_id").agg(
        **_windowed(clock.is_not_null(), "n_sessions", "started_at", pl.Int64()),
        **sums,
        **_windowed(pl.col("is_converted"), "n_conversions", "started_at", pl.Int64()),
        n_mobile_sessions_90d=pl.col("device").is_in(["mobile", "app"]).sum(),
    )


def _derived() -> dict[str, pl.Expr]:
    """Ratios, recencies and attributes of the joined rows."""
    at, col = pl.lit(AT), pl.col
    first, last = col("first_ordered_at"), col("last_ordered_at")
    recency, gap_mean = _days(last, at), _ratio(_days(first, last), col("n_orders_lifetime") - 1)
    born = col("birth_date")
    birthday_to_come = born.dt.month().cast(pl.Int32) * 100 + born.dt.day() > AT.month * 100 + AT.day
    return {
        "tenure_days": _days(col("registered_at"), at),
        "age_years": (AT.year - born.dt.year() - birthday_to_come.cast(pl.Int32)).cast(pl.Int32),
        "recency_days": recency,
        "days_since_first_order": _days(first, at),
        "gap_mean_days": gap_mean,
        "gap_trend": _ratio(col("gap_mean_90d_days"), gap_mean),
        "recency_to_gap": _ratio(recency, gap_mean),
        "aov_lifetime": _ratio(col("spend_lifetime"), col("n_orders_lifetime")),
        "aov_90d": _ratio(col("spend_90d"), col("n_orders_90d")),
        "discount_lifetime_share": _ratio(col("discount_lifetime"), col("discount_lifetime") + col("spend_lifetime")),
        "discount_90d_share": _ratio(col("discount_90d"), col("discount_90d") + col("spend_90d")),
        **{f"{c}_orders_90d_share": _ratio(col(f"n_{c}_orders_90d"), col("n_orders_90d")) for c in common.CHANNELS},
        "session_recency_days": _days(col("last_started_at"), at),
        "session_duration_mean_90d_s": _ratio(col("session_duration_s_90d"), col("n_sessions_90d")),
        "conversion_90d_share": _ratio(col("n_conversions_90d"), col("n_sessions_90d")),
        "mobile_sessions_90d_share": _ratio(col("n_mobile_sessions_90d"), col("n_sessions_90d")),
    }


def _rfm(buyers: pl.DataFrame) -> dict[str, pl.Expr]:
    """Scores by the quintiles of the sampled buyers: the value at each fifth of the ranking."""
    measures = {
        "recency": -_days(pl.col("last_ordered_at"), pl.lit(AT)),
        "frequency": pl.col("n_orders_lifetime").cast(pl.Float64),
        "monetary": pl.col("spend_lifetime").cast(pl.Float64),
    }
    sampled = buyers.filter(pl.col("is_sampled") & (pl.col("n_orders_lifetime") > 0)).select(**measures)
    scores = {}
    for name, measure in measures.items():
        ranked = sampled[name].sort()
        cuts = [ranked[common.place(name, len(ranked), fifth) - 1] for fifth in range(1, 5)]
        steps = [common.is_above(name, measure, cut).cast(pl.Int32) for cut in cuts]
        scores[f"{name}_score"] = pl.sum_horizontal(steps, ignore_nulls=False) + 1
    return scores


def _engagement() -> pl.Expr:
    """The weighted sum over the sources that have landed."""
    weights = common.engagement_weights()
    observed = {"sessions": "n_sessions_30d", "page_views": "n_page_views_30d", "orders": "n_orders_90d"}
    parts = [
        weights[name][0] * (pl.col(column).fill_null(0) / weights[name][1]).clip(upper_bound=1)
        for name, column in observed.items()
    ]
    return 100 * pl.sum_horizontal(parts) / sum(weights[name][0] for name in observed)


def _columns() -> list[pl.Expr]:
    """All columns of customer_features, in its order."""
    columns = []
    for name, kind in common.COLUMNS.items():
        if name in common.CONSTANTS:
            column = pl.lit(common.CONSTANTS[name])
        elif name in common.NULLS:
            column = pl.lit(None)
        else:
            column = pl.col(name).fill_null(0) if name in common.ZERO_IF_NONE else pl.col(name)
        columns.append((column.cast(TYPES[kind]) if kind in TYPES else column).alias(name))
    return columns
