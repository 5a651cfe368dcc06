"""A company whose customers are of known kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

# Mean orders, days since the last one, order value, sessions, share of discounts.
KINDS = {
    "loyal": (25, 10, 90, 20, 0.02),
    "lapsed": (1, 700, 40, 0.3, 0.02),
    "browsers": (0, np.nan, np.nan, 12, np.nan),
    "hunters": (4, 90, 35, 5, 0.2),
    "whales": (6, 150, 3000, 1, 0.0),
}
USUAL = ("loyal", "lapsed", "browsers", "hunters")


def company(kinds: Sequence[str] = USUAL, each: int = 150, *, seed: int = 1, grown: float = 1.0) -> pa.Table:
    """Customers of known kinds, mixed; `grown` is how much more of everything they have done since."""
    rng = np.random.default_rng(seed)
    rows = []
    for kind in kinds:
        orders, recency, value, sessions, discounts = KINDS[kind]
        n = rng.poisson(orders * grown, each) if orders > 1 else np.full(each, orders)
        aov = value * rng.lognormal(0, 0.3, each)
        rows.append(
            {
                "customer_id": [f"{kind}-{i}" for i in range(each)],
                "kind": [kind] * each,
                "n_orders_lifetime": n.astype(float),
                "recency_days": recency * rng.lognormal(0, 0.4, each),
                "spend_lifetime": np.where(n > 0, n * np.nan_to_num(aov), 0.0),
                "aov_lifetime": aov,
                "n_sessions_90d": rng.poisson(sessions, each).astype(float),
                "refund_lifetime_share": rng.beta(1, 20, each) if orders else np.full(each, np.nan),
                "discount_lifetime_share": np.clip(discounts + rng.normal(0, 0.01, each), 0, 1),
                "n_categories_lifetime": np.minimum(rng.poisson(np.sqrt(n)), 9).astype(float),
                "engagement_score": np.clip(rng.normal(3 * sessions, 5, each), 0, 100),
            }
        )
    columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    mixed = rng.permutation(each * len(kinds))
    return pa.table({name: pa.array(values[mixed], from_pandas=True) for name, values in columns.items()})


def with_columns(table: pa.Table, **replaced: pa.Array) -> pa.Table:
    for name, values in replaced.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table
