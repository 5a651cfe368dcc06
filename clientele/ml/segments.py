"""Segments as versions in the registry: fitted when asked or old, with the last version's ids, and put to use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from clientele.ml import artifacts, registry, segment_fit
from clientele.ml.feature_table import Feature, matrix
from clientele.ml.promotion import gate, is_open
from clientele.ml.registry import Settings, Version
from clientele.ml.score_rows import STAMP, stamped
from clientele.ml.segment_clusters import STABLE
from clientele.ml.segment_fit import Algorithm, SegmentOptions
from clientele.ml.segment_model import PLACES, Segments

NAME = "segments"
KEYS = ("customer_id", "snapshot_date")
PROTOCOL = "bootstrap samples of one snapshot"  # what stands in for time: segments forecast nothing
SCORES = pa.schema(
    [
        PLACES.field("customer_id"),
        ("snapshot_date", pa.date32()),
        *[field for field in PLACES if field.name != "customer_id"],
        *STAMP,
    ]
)


def fit(training_set: pa.Table, run: Mapping[str, Any], previous: pa.Table | None) -> pa.Table:
    """A new version of the segments, as a row of registry.FIT_SCHEMA; none where the last one serves.

    `training_set` has customer_id, snapshot_date and the columns to tell customers by, `run` is the row of ml_run,
    `previous` the registry's rows of this model. Raises ValueError for an algorithm that is not known.
    """
    algorithm = run["segment_algorithm"]
    if algorithm not in get_args(Algorithm):
        raise ValueError(f"the var segment_algorithm is {algorithm}: choose {' or '.join(get_args(Algorithm))}")
    columns = [name for name in training_set.column_names if name not in KEYS]
    settings = Settings.of(run, segment_algorithm=algorithm, segment_columns=columns)
    reason = registry.why_fit(NAME, settings, previous)
    if not reason:
        return registry.table([])
    version = Version(NAME, algorithm, horizon_days=0, features=columns, n_rows=training_set.num_rows)
    if not training_set.num_rows:
        version.message = "no customers at the newest snapshot: load customers first"
        return registry.table(registry.rows([version], ["none"], None, reason, settings, previous))
    version.learnt = (settings.snapshot_date,)
    name = registry.version_of(version, settings, _data(training_set, columns))
    champion = registry.champion(NAME, settings, previous)
    last = last_segments(champion)
    if last and champion and champion["model_version"] == name:
        fitted = last  # made of the very same rows
    else:
        options = SegmentOptions(algorithm=algorithm, seed=settings.seed % 2**32)
        fitted = segment_fit.fit(training_set, columns, last=last, next_id=_next_id(previous), options=options)
    _describe(version, fitted, settings)
    if champion and last is None:
        version.message += f" ids begin anew: {champion['model_version']} cannot be read any more"
        version.message = version.message.strip()
    version.gates = _gates(fitted, registry.comparable_champion(NAME, settings, previous))
    promoted = version if is_open(version.gates) else None
    return registry.table(registry.rows([version], [name], promoted, reason, settings, previous))


def read(version: Mapping[str, Any]) -> Segments:
    """The segments of a registry row. Raises ArtifactError, as registry.unpack."""
    return Segments.from_state(registry.unpack(version))


def last_segments(champion: Mapping[str, Any] | None) -> Segments | None:
    """The segments whose ids and names a new version goes on with; None where there are none to be read.

    A recipe is raised for any model, and nearly always for another one: the centres of an older recipe can be matched
    with as long as they can be read. Raises ArtifactError, as registry.unpack, for one of this recipe.
    """
    if champion is None or champion["recipe"] == registry.RECIPE:
        return read(champion) if champion else None
    try:
        name = f"{champion['model_name']} {champion['model_version']}"
        state = artifacts.unpack(champion["artifact"], champion["artifact_sha256"], name=name)
        return Segments.from_state(state)
    except (artifacts.ArtifactError, KeyError, TypeError, ValueError):
        return None


class Scorer:
    """Gives batches of customers their segments, by the champion; nobody gets one while there is none."""

    def __init__(self, champions: pa.Table, run: Mapping[str, Any]) -> None:
        self.run = run
        self.champion = next(iter(champions.to_pylist()), None)
        self.segments = read(self.champion) if self.champion else None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of SCORES for the customers of a batch, in its order."""
        if self.segments is None or self.champion is None:
            return pa.RecordBatch.from_pylist([], schema=SCORES)
        placed = self.segments.score(batch)
        columns = {name: placed.column(name) for name in PLACES.names}
        columns["snapshot_date"] = batch.column("snapshot_date")
        return stamped(columns, SCORES, version=self.champion, run=self.run)


def _data(training_set: pa.Table, columns: list[str]) -> list[Any]:
    ids = "\n".join(training_set["customer_id"].cast(pa.string()).to_pylist()).encode()
    return [np.frombuffer(ids, dtype=np.uint8), matrix(training_set, [Feature(name) for name in columns])]


def _next_id(previous: pa.Table | None) -> int:
    """One above every id that any version ever gave, promoted or not: one may still be pinned by hand."""
    rows = previous.to_pylist() if previous is not None else []
    measured = [row for version in rows for row in json.loads(version["performance_json"])]
    return max((row["next_id"] for row in measured if "next_id" in row), default=1)


def _describe(version: Version, fitted: Segments, settings: Settings) -> None:
    """What the registry says of a fitted version: measured as a whole and by segment."""
    report = fitted.report
    version.state, version.message = fitted.to_state(), report["note"] or ""
    version.importance = report["separation"]
    common = {"period": settings.snapshot_date, "protocol": PROTOCOL}
    numbers = {name: report[name] for name in ("silhouette", "stability", "agreement_with_last", "noise_share")}
    whole = {"group_name": "all", "group_value": "all", "n": report["n_customers"]}
    version.performance = [common | whole | numbers | {"next_id": fitted.next_id}]
    for row in report["segments"]:
        group = {"group_name": "segment", "group_value": str(row["segment_id"]), "n": row["n_customers"]}
        version.performance.append(common | group | {"silhouette": row["silhouette"]})


def _gates(fitted: Segments, champion: tuple[Mapping[str, Any] | None, str]) -> dict[str, str]:
    """After a first version, which is better than none, a doubtful one takes nobody's segment away."""
    k, stability = fitted.report["k"], fitted.report["stability"]
    asked = {"tells_customers_apart": (k > 1, f"{k} segments")}
    if stability is not None:
        asked["stable"] = (stability >= STABLE, f"adjusted Rand index {stability:.2f} between bootstrap samples")
    serving, why_none = champion
    if serving is None:
        return {"first": gate(True, ", ".join([why_none, *(why for _, why in asked.values())]))}
    return {name: gate(*of) for name, of in asked.items()}
