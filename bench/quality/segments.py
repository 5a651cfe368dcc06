"""Segments against what the demo company's customers really are.

The simulation draws rates and dropout from continuous distributions, so it has no clusters to find; its types here are
the bands of them that a business asks about: never buys, gone or alive, and of each the frequent and the rare half by
hidden purchase rate. Nobody sees rates or dropout, so no method reaches 1: `ceiling` is a classifier that is told the
types of other customers and sees the same columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from clientele.ml.segment_clusters import agreement
from clientele.ml.segment_fit import COLUMNS
from clientele.ml.segment_space import Space

TYPES = """
with truth as (
    select customer_id, purchase_rate_per_year as rate, is_alive from read_parquet(?)
),

halves as (select median(rate) as middle from truth)

select
    truth.customer_id,
    case when rate is null then 'never buys' when is_alive then 'alive' else 'gone' end as life,
    concat_ws(', ', life, case when rate >= middle then 'frequent' when rate < middle then 'rare' end) as type
from truth cross join halves
"""
FOLDS = 5


def against_truth(build: Path, truth: Path, *, seed: int = 42) -> dict[str, Any]:
    """Adjusted Rand indices (1 the same groups, 0 as by chance) with the simulated types at the newest snapshot.

    `build` is the warehouse's build.duckdb, `truth` the folder of that name that the demo wrote. For each of `life`
    (never buys, gone, alive) and `types` (these by frequent and rare): our segments, the RFM segments by rule, and the
    ceiling. Beside them k, silhouette and stability as in the registry.
    """
    with duckdb.connect(str(build), read_only=True) as con:
        table = _customers(con, truth)
        registry = con.execute(
            "select silhouette, stability from governance.model_performance"
            " where model_name = 'segments' and is_champion and group_name = 'all'"
        ).fetchall()
    points = Space.fit(table, COLUMNS).place(table)
    life, types = _codes(table["life"]), _codes(table["type"])
    found = {"segments": _codes(table["segment_id"]), "rfm": _codes(table["rfm_segment"])}
    result: dict[str, Any] = {"n_customers": len(life), "k": int(found["segments"].max()) + 1}
    result |= dict(zip(("silhouette", "stability"), registry[0], strict=True))
    for name, real in {"life": life, "types": types}.items():
        result |= {f"{name}_ari_{method}": agreement(groups, real) for method, groups in found.items()}
        result[f"{name}_ari_ceiling"] = agreement(_told(points, real, seed), real)
    return result


def _customers(con: duckdb.DuckDBPyConnection, truth: Path) -> pa.Table:
    con.execute(f"create temp table types as {TYPES}", [str(truth / "customers*.parquet")])
    return con.sql(
        f"""
        select s.customer_id, s.segment_id, coalesce(r.rfm_segment, 'none') as rfm_segment, t.life, t.type,
            {", ".join(f"f.{name}" for name in COLUMNS)}
        from marts.customer_segments as s
        inner join types as t on s.customer_id = t.customer_id
        inner join features.customer_features as f
            on s.customer_id = f.customer_id and s.snapshot_date = f.snapshot_date
        left join marts.customer_rfm_segments as r on s.customer_id = r.customer_id
        order by s.customer_id
        """
    ).to_arrow_table()


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    return column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.intp)


def _told(points: np.ndarray, real: np.ndarray, seed: int) -> np.ndarray:
    """The types as a random forest forecasts them for customers it was not told about."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    forest = RandomForestClassifier(100, min_samples_leaf=10, random_state=seed)
    return cross_val_predict(forest, points, real, cv=FOLDS)
