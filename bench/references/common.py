"""What the references agree on with dbt: the snapshot, the vars and seeds, and the columns that have no data here."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any

from bench.generate import END
from clientele.contract import PROJECT_ROOT

SNAPSHOT: date = END
LAKE_BATCH = 1
GRACE_HOURS = 6  # var load_grace_hours
SAMPLED_CUSTOMERS = 20_000  # var training_customers
WINDOWS = (7, 30, 90)
CHANNELS = ("web", "app", "store")  # var order_channels
# Entities that the generated lake lacks: their features are null for everyone.
LANDED = {
    **{"orders": True, "order_items": False, "returns": False},
    **{"sessions": True, "campaign_touches": False, "consents": False, "subscriptions": False},
    **{"usage_events": False, "support_tickets": False, "invoices": False, "payments": False},
    **{"bank_transactions": False, "loans": False, "repayments": False, "emotion_events": False},
}
SESSION_SUMS = {
    "session_duration_s": "duration_s",
    "n_page_views": "page_views",
    "n_product_views": "product_views",
    "n_cart_adds": "cart_adds",
}


MONEY = "decimal(28, 4)"


def engagement_weights() -> dict[str, tuple[float, float]]:
    """Component -> weight and the value that counts as full, from the seed."""
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "engagement_weights.csv").open() as handle:
        return {row["component"]: (float(row["weight"]), float(row["full_score_at"])) for row in csv.DictReader(handle)}


def over_windows(*names: str) -> list[str]:
    """The names of windowed features: n_orders_7d, n_orders_30d, ..."""
    return [f"{name}_{days}d" for name in names for days in WINDOWS]


ORDER_COUNTS = [*over_windows("n_orders", "spend"), "n_orders_lifetime", "spend_lifetime"]
SESSION_COUNTS = [*over_windows("n_sessions", *SESSION_SUMS, "n_conversions"), "n_sessions_lifetime"]
# All columns of customer_features with their types, in its order.
COLUMNS = {
    **{"customer_id": "varchar", "snapshot_date": "date", "is_sampled": "boolean", "lake_batch": "bigint"},
    "feature_version": "varchar",
    **{f"has_{entity}": "boolean" for entity in LANDED},
    **{"registered_at": "timestamp", "tenure_days": "double"},
    **dict.fromkeys(["customer_type", "country", "region", "language", "acquisition_channel", "industry"], "varchar"),
    **{"company_size": "integer", "age_years": "integer"},
    **{"gender": "varchar", "marital_status": "varchar", "has_marketing_consent": "boolean"},
    **dict.fromkeys(over_windows("n_orders"), "bigint"),
    **dict.fromkeys(over_windows("spend"), MONEY),
    **{"n_orders_lifetime": "bigint", "spend_lifetime": MONEY},
    **{"first_ordered_at": "timestamp", "last_ordered_at": "timestamp"},
    **dict.fromkeys(
        ["recency_days", "days_since_first_order", "gap_mean_days", "gap_mean_90d_days", "gap_trend"], "double"
    ),
    **dict.fromkeys(
        ["recency_to_gap", "aov_lifetime", "aov_90d", "discount_lifetime_share", "discount_90d_share"], "double"
    ),
    **{f"{channel}_orders_90d_share": "double" for channel in CHANNELS},
    **dict.fromkeys(over_windows("n_units"), MONEY),
    **dict.fromkeys([*over_windows("n_products", "n_categories"), "n_categories_lifetime"], "bigint"),
    **{"top_category": "varchar", "top_category_share": "double", "category_entropy": "double"},
    **dict.fromkeys(over_windows("n_returns"), "bigint"),
    **dict.fromkeys(over_windows("refund"), MONEY),
    **{"n_returns_lifetime": "bigint", "refund_lifetime": MONEY, "refund_lifetime_share": "double"},
    **dict.fromkeys(SESSION_COUNTS, "bigint"),
    **dict.fromkeys(["session_recency_days", "session_duration_mean_90d_s"], "double"),
    **dict.fromkeys(["conversion_90d_share", "mobile_sessions_90d_share"], "double"),
    **dict.fromkeys(over_windows("n_sent", "n_opened", "n_clicked"), "bigint"),
    **dict.fromkeys(["sent_recency_days", "click_recency_days", "open_90d_share", "click_90d_share"], "double"),
    "is_unsubscribed": "boolean",
    **{"is_subscriber": "boolean", "n_subscriptions_running": "bigint", "mrr": MONEY, "seats": "bigint"},
    **{"subscription_tenure_days": "double", "contract_days_left": "double", "has_notice": "boolean"},
    **{"n_subscriptions_ended": "bigint", "last_subscription_ended_days": "double"},
    **dict.fromkeys(over_windows("n_usage_events", "n_usage_days", "n_used_features", "n_active_users"), "bigint"),
    **dict.fromkeys([*over_windows("usage_duration_s"), "n_usage_events_lifetime"], "bigint"),
    **dict.fromkeys(["usage_recency_days", "usage_trend", "usage_30d_per_seat", "active_users_30d_per_seat"], "double"),
    **dict.fromkeys([*over_windows("n_tickets"), "n_urgent_tickets_90d", "n_open_tickets_90d"], "bigint"),
    "ticket_recency_90d_days": "double",
    **dict.fromkeys(["n_overdue_invoices_90d", *over_windows("n_failed_payments")], "bigint"),
    **dict.fromkeys(["n_bookings_30d", "n_bookings_90d", "n_bookings_180d"], "bigint"),
    **dict.fromkeys(
        [
            *("income_30d", "income_90d", "income_180d", "outflow_30d", "outflow_90d", "fixed_costs_90d"),
            *("other_loan_payments_90d", "gambling_90d"),
        ],
        MONEY,
    ),
    **dict.fromkeys(
        [
            "account_age_days",
            "income_monthly_180d",
            "income_periods_180d_share",
            "income_cv_180d",
            "income_recency_180d_days",
        ],
        "double",
    ),
    "balance": MONEY,
    "balance_min_90d": "decimal(18, 4)",
    "balance_buffer_days": "double",
    "credit_limit": MONEY,
    "limit_utilisation": "double",
    **dict.fromkeys(["n_overdraft_bookings_30d", "n_overdraft_bookings_90d"], "bigint"),
    **dict.fromkeys(
        [
            "overdraft_30d_days",
            "overdraft_90d_days",
            "gambling_90d_share",
            "fixed_costs_to_income_90d",
            "surplus_to_income_90d",
        ],
        "double",
    ),
    **dict.fromkeys(["n_loans_lifetime", "n_open_loans"], "bigint"),
    "principal_open": MONEY,
    "outstanding_principal": "double",
    "instalments_monthly": MONEY,
    **dict.fromkeys(
        ["outstanding_share", "interest_rate_max", "days_since_first_loan", "days_since_last_loan"], "double"
    ),
    **dict.fromkeys(["n_instalments_due_90d", "n_instalments_due_365d"], "bigint"),
    "instalments_due_90d": MONEY,
    "n_overdue_instalments": "bigint",
    "overdue_amount": MONEY,
    **dict.fromkeys(
        ["days_past_due", "days_past_due_max_30d", "days_past_due_max_90d", "days_past_due_max_365d"], "integer"
    ),
    **dict.fromkeys(
        ["on_time_90d_share", "on_time_365d_share", "days_since_default", "debt_service_ratio_90d"], "double"
    ),
    **{
        "recency_score": "integer",
        "frequency_score": "integer",
        "monetary_score": "integer",
        "engagement_score": "double",
    },
    **dict.fromkeys(["emotion_n_events_7d", "emotion_n_events_30d", "emotion_n_events_90d"], "bigint"),
    **dict.fromkeys(
        [
            "emotion_valence_mean_7d",
            "emotion_valence_mean_30d",
            "emotion_valence_mean_90d",
            "emotion_valence_sd_7d",
            "emotion_valence_sd_30d",
            "emotion_valence_sd_90d",
            "emotion_arousal_mean_7d",
            "emotion_arousal_mean_30d",
            "emotion_arousal_mean_90d",
            "emotion_arousal_sd_7d",
            "emotion_arousal_sd_30d",
            "emotion_arousal_sd_90d",
            "emotion_volatility_7d",
            "emotion_volatility_30d",
            "emotion_volatility_90d",
            "emotion_negative_7d_share",
            "emotion_night_7d_share",
            "emotion_negative_30d_share",
            "emotion_night_30d_share",
            "emotion_negative_90d_share",
            "emotion_night_90d_share",
        ],
        "double",
    ),
    "emotion_negative_streak_90d": "bigint",
    **dict.fromkeys(["emotion_recency_90d_days", "emotion_consent_90d_share"], "double"),
}
# Equals go to the higher fifth for recency, to the lower one otherwise.
ABOVE = {"recency": ">=", "frequency": ">", "monetary": ">"}
# Features of entities that never landed: null for everyone.
_NAMES = list(COLUMNS)
NULLS = {
    "has_marketing_consent",
    *_NAMES[_NAMES.index("n_units_7d") : _NAMES.index("n_sessions_7d")],
    *_NAMES[_NAMES.index("n_sent_7d") : _NAMES.index("recency_score")],
    *_NAMES[_NAMES.index("engagement_score") + 1 :],
}
# Counts and sums of entities that have landed: 0 for a customer without events.
ZERO_IF_NONE = [*ORDER_COUNTS, *SESSION_COUNTS]
# Columns that are the same in every row.
CONSTANTS: dict[str, object] = {
    **{"snapshot_date": SNAPSHOT, "lake_batch": LAKE_BATCH, "feature_version": "by hand"},
    **{f"has_{entity}": is_landed for entity, is_landed in LANDED.items()},
}


def is_above(measure: str, values: Any, cut: float) -> Any:
    """Whether values (a column of whatever tool) lie in a higher fifth than the cut ends."""
    return values >= cut if ABOVE[measure] == ">=" else values > cut


def place(measure: str, buyers: int, fifth: int) -> int:
    """Place in the ascending ranking of the value at which the next higher fifth begins, from 1."""
    return buyers * fifth // 5 + 1 if measure == "recency" else -(-buyers * fifth // 5)
