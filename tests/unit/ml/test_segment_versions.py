"""Segments over tables as dbt hands them over: when they are fitted anew, what is promoted, what is scored."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from clientele.ml import artifacts, registry, segments
from clientele.ml.artifacts import ArtifactError

from .kinds import USUAL, company, with_columns

RUN = {
    "run_id": "a-run", "scored_at": datetime(2026, 3, 1), "snapshot_date": date(2026, 3, 1), "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
    "churn_horizon_days": 90, "segment_algorithm": "kmeans",
}  # fmt: skip
APRIL = RUN | {"snapshot_date": date(2026, 4, 1)}


def at(day: date, table: pa.Table) -> pa.Table:
    """As ml_segments__training_set."""
    table = table.drop_columns(["kind"]).sort_by("customer_id")
    return table.add_column(1, "snapshot_date", pa.array([day] * table.num_rows, pa.date32()))


MARCH_ROWS = at(date(2026, 3, 1), company())


def champions(table: pa.Table) -> pa.Table:
    return table.filter(table["is_promoted"])


def scores(versions: pa.Table, rows: pa.Table = MARCH_ROWS, run: dict[str, Any] = RUN) -> pa.Table:
    scorer = segments.Scorer(champions(versions), run)
    batches = [scorer(batch) for batch in rows.to_batches(max_chunksize=100)]
    return pa.Table.from_batches(batches, schema=segments.SCORES)


def the(table: pa.Table) -> dict[str, Any]:
    (row,) = table.to_pylist()
    return row


@pytest.fixture(scope="module")
def march() -> pa.Table:
    return segments.fit(MARCH_ROWS, RUN, None)


def test_first_version_is_promoted_and_described(march: pa.Table) -> None:
    row = the(march)
    assert (row["status"], row["fit_reason"], row["algorithm"]) == ("promoted", "first", "kmeans")
    assert row["learnt_from"] == row["learnt_to"] == date(2026, 3, 1)
    whole, *by_segment = json.loads(row["performance_json"])
    assert whole["silhouette"] > 0.3
    assert whole["stability"] > 0.9
    assert sum(group["n"] for group in by_segment) == whole["n"] == MARCH_ROWS.num_rows
    importance = {entry["feature"]: entry["importance"] for entry in json.loads(row["importance_json"])}
    assert importance["n_orders_lifetime"] > 0.8
    assert importance["refund_lifetime_share"] < 0.3


def test_every_customer_is_scored_with_versions(march: pa.Table) -> None:
    table = scores(march)
    assert table["customer_id"].equals(MARCH_ROWS["customer_id"].cast(pa.string()))
    assert set(table["model_version"].to_pylist()) == {the(march)["model_version"]}
    assert set(table["run_id"].to_pylist()) == {"a-run"}
    assert table["snapshot_date"].null_count == table["scored_at"].null_count == 0


def test_version_that_serves_is_kept(march: pa.Table) -> None:
    assert segments.fit(MARCH_ROWS, RUN, march).num_rows == 0
    assert the(segments.fit(MARCH_ROWS, APRIL, march))["fit_reason"] == "too old"


def test_asked_again_for_the_same_rows_it_is_the_same_version(march: pa.Table) -> None:
    again = segments.fit(MARCH_ROWS, RUN | {"refit_models": "segments"}, march)
    assert the(again)["model_version"] == the(march)["model_version"]
    assert scores(again).equals(scores(march))


def test_other_rows_or_another_seed_are_another_version(march: pa.Table) -> None:
    asked = RUN | {"refit_models": "all"}
    more = at(date(2026, 3, 1), company(seed=2))
    versions = {
        the(segments.fit(rows, run, march))["model_version"]
        for rows, run in [(MARCH_ROWS, asked), (more, asked), (MARCH_ROWS, asked | {"seed": 7})]
    }
    assert len(versions) == 3


def test_next_month_keeps_the_ids(march: pa.Table) -> None:
    rows = at(date(2026, 4, 1), company(seed=2, grown=1.1))
    april = segments.fit(rows, APRIL, march)
    assert the(april)["is_promoted"]
    before, now = (scores(versions, rows)["segment_id"].to_numpy() for versions in (march, april))
    assert (before == now).mean() > 0.95


def of_recipe(versions: pa.Table, recipe: int, **changed: Any) -> pa.Table:
    return registry.table([the(versions) | {"recipe": recipe} | changed])


def test_ids_and_names_outlive_a_recipe_that_was_raised_for_another_model(march: pa.Table) -> None:
    rows = at(date(2026, 4, 1), company(seed=2, grown=1.1))
    april = segments.fit(rows, APRIL, of_recipe(march, registry.RECIPE - 1))
    assert the(april)["fit_reason"] == "recipe changed"
    assert the(april)["is_promoted"]
    before, now = scores(march, rows), scores(april, rows)
    assert set(now["segment_id"].to_pylist()) == set(before["segment_id"].to_pylist())
    assert (before["segment_id"].to_numpy() == now["segment_id"].to_numpy()).mean() > 0.95
    assert json.loads(the(april)["performance_json"])[0]["agreement_with_last"] > 0.9


def test_ids_begin_anew_where_the_last_version_cannot_be_read(march: pa.Table) -> None:
    unread = artifacts.pack({"kind": "segments of another shape"})
    last = of_recipe(march, registry.RECIPE - 1, artifact=unread, artifact_sha256=artifacts.sha256(unread))
    april = segments.fit(MARCH_ROWS, APRIL, last)
    assert the(april)["message"] == f"ids begin anew: {the(march)['model_version']} cannot be read any more"
    assert not set(scores(april)["segment_id"].to_pylist()) & set(scores(march)["segment_id"].to_pylist())
    with pytest.raises(ArtifactError):
        segments.fit(MARCH_ROWS, APRIL, of_recipe(march, registry.RECIPE, artifact=b"spoilt"))


def test_id_of_a_challenger_is_not_given_again(march: pa.Table) -> None:
    """A version that was not promoted may still be pinned."""
    rows = at(date(2026, 4, 1), company((*USUAL[:3], "whales")))
    april = segments.fit(rows, APRIL, march)
    new = json.loads(the(april)["performance_json"])[0]["next_id"]
    challenger = april.set_column(april.column_names.index("is_promoted"), "is_promoted", pa.array([False]))
    may = segments.fit(rows, APRIL | {"refit_models": "all", "seed": 7}, pa.concat_tables([march, challenger]))
    ids = {entry["group_value"] for entry in json.loads(the(may)["performance_json"]) if entry["group_name"] != "all"}
    assert str(new) in ids
    assert str(new - 1) not in ids


def test_doubtful_version_does_not_take_the_place_of_the_champion(march: pa.Table) -> None:
    few = segments.fit(MARCH_ROWS.slice(0, 5), APRIL, march)
    assert the(few)["status"] == "challenger"
    assert the(few)["gates_json"] == '{"tells_customers_apart": "failed: 1 segments"}'


def test_few_customers_have_one_segment_at_first() -> None:
    rows = MARCH_ROWS.slice(0, 5)
    versions = segments.fit(rows, RUN, None)
    assert the(versions)["is_promoted"]
    assert "at least 30 customers" in the(versions)["message"]
    assert scores(versions, rows)["segment_name"].to_pylist() == ["All customers"] * 5


def test_no_customers_are_a_message_and_no_scores() -> None:
    nobody = MARCH_ROWS.slice(0, 0)
    versions = segments.fit(nobody, RUN, None)
    assert the(versions)["status"] == "failed"
    assert "no customers" in the(versions)["message"]
    assert scores(versions, nobody).schema == segments.SCORES
    assert scores(versions).num_rows == 0, "nobody is scored while there is no champion"
    assert the(segments.fit(MARCH_ROWS, RUN, versions))["status"] == "promoted", "and once there are some, it is fitted"


def test_company_without_sessions_and_engagement() -> None:
    empty = pa.nulls(MARCH_ROWS.num_rows, pa.int64())
    rows = with_columns(MARCH_ROWS, n_sessions_90d=empty, engagement_score=empty)
    assert the(segments.fit(rows, RUN, None))["is_promoted"]


def test_algorithm_is_a_var(march: pa.Table) -> None:
    dense = segments.fit(MARCH_ROWS, RUN | {"segment_algorithm": "hdbscan"}, march)
    assert (the(dense)["algorithm"], the(dense)["fit_reason"]) == ("hdbscan", "segment_algorithm changed")
    with pytest.raises(ValueError, match="segment_algorithm is dbscan: choose kmeans or hdbscan"):
        segments.fit(MARCH_ROWS, RUN | {"segment_algorithm": "dbscan"}, None)


def test_columns_are_a_var(march: pa.Table) -> None:
    fewer = MARCH_ROWS.drop_columns(["engagement_score"])
    assert the(segments.fit(fewer, RUN, march))["fit_reason"] == "segment_columns changed"


def test_doubtful_version_takes_the_place_of_one_that_was_told_otherwise(march: pa.Table) -> None:
    """Whom the vars no longer ask for cannot go on serving."""
    few = segments.fit(MARCH_ROWS.slice(0, 5), APRIL | {"seed": 7}, march)
    assert the(few)["is_promoted"]
    assert "seed changed since the champion" in the(few)["gates_json"]


def test_changed_artifact_is_refused(march: pa.Table) -> None:
    row = the(march)
    tampered = registry.table([row | {"artifact": row["artifact"][:-1] + b"x"}])
    with pytest.raises(ArtifactError, match="changed after it was fitted"):
        segments.Scorer(tampered, RUN)
