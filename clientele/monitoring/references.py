"""Customers of training days as a champion would have met them, and what it says of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from clientele.ml import score_from_rows
from clientele.ml.score_rows import Score
from clientele.querying import quoted_name

SPINE = "intermediate.int_core__customer_spine"
_ALL = f"select customer_id, snapshot_date from {SPINE} where snapshot_date in ({{days}})"
_BY_KIND = "select customer_id, snapshot_date, churn_type from ml.ml_churn__population where snapshot_date in ({days})"
# Whom a model is asked about on `days`, with what it reads beside their features: as its ml_<model>__inputs has them.
ASKED = {
    "churn": _BY_KIND,
    "clv": _ALL,
    "credit": "select customer_id, snapshot_date from ml.ml_credit__population where snapshot_date in ({days})",
    "next_purchase": f"select spine.*, bought.categories, bought.category_lines from ({_ALL}) as spine left join"
    " (select * from ml.ml_next_purchase__categories where snapshot_date in ({days})) as bought"
    " using (customer_id, snapshot_date)",
    "segments": _ALL,
    "survival": _BY_KIND,
}
KEYS = ("customer_id", "snapshot_date")


def asked_about(model: str, part: str, features: Iterable[str], days: Iterable[date]) -> str:
    """A SELECT of the sampled customers whom a model, or a part of it, would have been asked about on training days.

    It holds customer_id, snapshot_date and what the model reads.
    """
    read = ", ".join(["asked.*", *(f"features.{quoted_name(name)}" for name in features)])
    listed = ", ".join(f"date '{day}'" for day in days)
    on_days = f"features.snapshot_date in ({listed}) and spine.snapshot_date in ({listed})"
    of_part = f" and asked.churn_type = '{part}'" if part else ""
    return (
        f"select {read} from features.customer_features as features"
        f" inner join ({ASKED[model].format(days=listed)}) as asked using (customer_id, snapshot_date)"
        f" inner join {SPINE} as spine using (customer_id, snapshot_date)"
        f" where spine.is_training and {on_days}{of_part}"
    )


def drawn(relation: str, *, rows: int, seed: int) -> str:
    """A SELECT of at most `rows` rows of a relation, the same at every call."""
    order = f"md5('{seed}|' || customer_id || '|' || snapshot_date), customer_id, snapshot_date"
    return f"select * from ({relation}) order by {order} limit {rows}"


def scored(connection: duckdb.DuckDBPyConnection, model: str, model_name: str, relation: str, day: date) -> pa.Table:
    """What the champion `model_name` would say on `day` of the rows of a relation; `snapshot_date` stays theirs.

    All are scored as of that day, not of theirs: what a champion adds for the season, and how wide it makes bounds for
    knowing little of it, is the day's and differs between any two days of customers who stay as they are.
    Raises ArtifactError where the champion cannot be read.
    """
    champions = connection.sql(
        f"select * from ml.ml_{model}__champion where model_name = '{model_name}'"
    ).to_arrow_table()
    rows = connection.sql(relation).to_arrow_table().combine_chunks()
    if not rows.num_rows:
        return rows.select(KEYS)
    if model == "credit":
        return _credit_scores(connection, champions.to_pylist()[0], rows)
    place = rows.schema.get_field_index("snapshot_date")
    dates = rows.column(place)
    today = rows.set_column(place, "snapshot_date", pa.array([day] * rows.num_rows, pa.date32()))
    score = _scorer(model)(champions, {"snapshot_date": day, "feature_version": "", "run_id": "", "scored_at": None})
    told = pa.Table.from_batches([score(batch) for batch in today.to_batches()])
    return told.set_column(told.schema.get_field_index("snapshot_date"), "snapshot_date", dates)


def _scorer(model: str) -> Callable[[pa.Table, Mapping[str, Any]], Score]:
    """What scores the snapshots of a model."""
    from clientele.ml import churn, lifetime_value, next_purchase_versions, segments, survival_versions

    scorers: dict[str, Callable[[pa.Table, Mapping[str, Any]], Score]] = {
        "churn": churn.Scorer,
        "clv": lifetime_value.Scorer,
        "next_purchase": next_purchase_versions.Scorer,
        "segments": segments.Scorer,
        "survival": survival_versions.Scorer,
    }
    return scorers[model]


def _credit_scores(connection: duckdb.DuckDBPyConnection, champion: Mapping[str, Any], rows: pa.Table) -> pa.Table:
    """Scores, probabilities of default with bounds, and bands, as ml_credit__scores has them."""
    score = score_from_rows.score(json.loads(champion["scorecard_json"]), rows)
    connection.register("scored_rows", rows.select(KEYS).append_column("score", pa.array(score)))
    connection.register("probabilities", pa.Table.from_pylist(json.loads(champion["pd_json"])))
    try:
        return connection.sql(
            "select scored_rows.*, pd, pd_lower, pd_upper, band from scored_rows"
            " inner join probabilities using (score)"
            " inner join seeds.credit_bands on pd >= pd_from and pd < pd_to"
        ).to_arrow_table()
    finally:
        connection.unregister("scored_rows")
        connection.unregister("probabilities")
