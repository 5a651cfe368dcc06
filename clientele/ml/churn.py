"""Churn: the probability that a customer stops, with bounds and reasons.

Two kinds, as two models: `churn.non_contractual`, no order within the horizon among customers who ordered in the year
before, and `churn.contractual`, no subscription left at the end of the horizon among customers with a running one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import reasons, registry
from clientele.ml.classifier import (
    KINDS,
    LAST_RESORT,
    LEARNERS,
    Candidate,
    Classifier,
    Examples,
    Fit,
    fit_candidates,
)
from clientele.ml.feature_table import Feature, as_numbers, choose_features, learnable, matrix
from clientele.ml.groups import groupings_of
from clientele.ml.metrics import auc_by_chance, of_probabilities
from clientele.ml.no_order import NoOrder
from clientele.ml.periods import OUT_OF_TIME, fold_of, masks
from clientele.ml.promotion import Key, Losses, choose, gate, hold_against_champion, log_losses
from clientele.ml.registry import Settings, Version
from clientele.ml.score_rows import STAMP, stamped

CHURN_TYPES = ("non_contractual", "contractual")
KEYS = ("customer_id", "snapshot_date", "churn_type", "is_churned")
NOTHING_WATCHED = {
    "non_contractual": "no customer has been watched for {} days yet: a label needs a snapshot that lies so far back. "
    "Load older orders, or lower churn_horizon_days.",
    "contractual": "no subscriber has been watched for {} days yet, so subscribers get no score: a label needs a "
    "snapshot that lies so far back. Load older subscriptions, or lower churn_horizon_days.",
}

SCORES = pa.schema(
    [
        ("customer_id", pa.string()),
        ("snapshot_date", pa.date32()),
        ("churn_type", pa.string()),
        ("churn_probability", pa.float64()),
        ("churn_probability_lower", pa.float64()),
        ("churn_probability_upper", pa.float64()),
        *reasons.FIELDS,
        *STAMP,
    ]
)


def learners(churn_type: str, horizon: int) -> dict[str, Fit]:
    """The algorithms that compete; a subscription has no purchases for the CLV model to count."""
    if churn_type == "contractual":
        return dict(LEARNERS)
    return LEARNERS | {"clv_no_order": NoOrder.learner(horizon)}


def kinds() -> Mapping[str, Any]:
    """How each kind of stored model is read."""
    return {**KINDS, "clv_no_order": NoOrder.from_state}


def model_name(churn_type: str) -> str:
    """The name in the registry."""
    return f"churn.{churn_type}"


def examples_of(training_set: pa.Table, *, features: list[Feature] | None = None) -> Examples:
    """Rows with a label as matrices.

    `training_set` has customer_id, snapshot_date, is_churned and the features; where none are named, those that hold
    something are chosen.
    """
    if features is None:
        features = choose_features(training_set, learnable(training_set.schema, KEYS))
    return Examples(
        x=matrix(training_set, features),
        y=as_numbers(training_set["is_churned"]).astype(bool),
        features=features,
        snapshot_dates=training_set["snapshot_date"].to_numpy().astype("datetime64[D]"),
        fold=fold_of(training_set["customer_id"].to_pylist()),
        groups=groupings_of(training_set),
    )


def fit(training_set: pa.Table, run: Mapping[str, Any], previous: pa.Table | None) -> pa.Table:
    """New versions of the churn models, as rows of registry.FIT_SCHEMA; none where the last ones serve.

    `run` is the row of ml_run, `previous` the registry's rows of these models.
    """
    settings = Settings.of(run, churn_horizon_days=run["churn_horizon_days"])
    made = list[dict[str, Any]]()
    for churn_type in CHURN_TYPES:
        rows = training_set.filter(pc.equal(training_set["churn_type"], churn_type))
        reason = registry.why_fit(model_name(churn_type), settings, previous)
        if reason and (rows.num_rows or churn_type == CHURN_TYPES[0] or run["has_subscriptions"]):
            made += _fit_type(churn_type, rows, run, settings, reason, previous)
    return registry.table(made)


def _fit_type(
    churn_type: str, rows: pa.Table, run: Mapping[str, Any], settings: Settings, reason: str, previous: pa.Table | None
) -> list[dict[str, Any]]:
    horizon, name = run["churn_horizon_days"], model_name(churn_type)
    if not rows.num_rows:
        nothing = Version(name, LAST_RESORT, horizon)
        nothing.message = NOTHING_WATCHED[churn_type].format(horizon)
        return registry.rows([nothing], ["none"], None, reason, settings, previous)
    examples = examples_of(rows)
    candidates = fit_candidates(examples, horizon, learners(churn_type, horizon), seed=settings.seed)
    versions = [_version(name, horizon, examples, candidate) for candidate in candidates]
    for version in versions:
        version.gates = _gates(version, settings.max_ece)
    hold_against_champion(
        versions, settings, previous, losses=log_losses, measured=partial(_measured, rows), last_resort=LAST_RESORT
    )
    loss = {version.algorithm: version.mean("log_loss") for version in versions}
    chosen = choose(versions, loss=loss, last_resort=LAST_RESORT)
    names = [registry.version_of(version, settings, [examples.x, examples.y]) for version in versions]
    return registry.rows(versions, names, chosen, reason, settings, previous)


def _version(name: str, horizon: int, examples: Examples, candidate: Candidate) -> Version:
    learn, calibrate, _ = masks(candidate.period, examples.snapshot_dates, examples.fold)
    return Version(
        model_name=name,
        algorithm=candidate.algorithm,
        horizon_days=horizon,
        n_rows=int((learn | calibrate).sum()),
        features=[f.name for f in candidate.classifier.model.features] if candidate.classifier else [],
        learnt=candidate.period.learn,
        calibrated=candidate.period.calibrate,
        performance=candidate.performance,
        importance=candidate.importance,
        state=candidate.classifier.to_state() if candidate.classifier else None,
        message=candidate.message,
    )


def _gates(version: Version, max_ece: float) -> dict[str, str]:
    """Each gate with `passed` or `failed` and the numbers."""
    if not version.is_fitted:
        return {"fitted": f"failed: {version.message}"}
    if version.algorithm == LAST_RESORT:
        return {"fitted": "passed: it knows the rate alone, and serves only where nothing else may"}
    ece, auc = version.mean("ece"), version.mean("auc")
    chance = auc_by_chance([row for row in version.performance if row["group_name"] == "all"])
    return {
        "calibrated": gate(ece <= max_ece, f"ECE {ece:.3f}, at most {max_ece}"),
        "tells_customers_apart": gate(auc > chance, f"AUC {auc:.3f}, chance reaches {chance:.3f}"),
    }


def _measured(rows: pa.Table, version: Mapping[str, Any], keys: Sequence[Key]) -> Losses:
    """Losses of a stored model on the rows of some days."""
    fitted, performance = read(version), list[dict[str, Any]]()
    for _, day in keys:
        at = rows.filter(pc.equal(rows["snapshot_date"], pa.scalar(date.fromisoformat(day), pa.date32())))
        probability, *_ = fitted.score(matrix(at, fitted.model.features), date.fromisoformat(day))
        of = {"group_name": "all", "period": day, "protocol": OUT_OF_TIME}
        performance.append(of | of_probabilities(probability, as_numbers(at["is_churned"]).astype(bool)))
    return log_losses(performance)


def read(version: Mapping[str, Any]) -> Classifier:
    """The model of a registry row. Raises ArtifactError, as registry.unpack."""
    return Classifier.from_state(registry.unpack(version), kinds())


class Scorer:
    """Scores batches of customers with the champions."""

    def __init__(self, champions: pa.Table, run: Mapping[str, Any]) -> None:
        self.run = run
        self.champions = {row["model_name"]: (row, read(row)) for row in champions.to_pylist()}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of SCORES for the customers of a batch whose kind of churn has a champion, by kind."""
        kind = np.asarray(batch.column("churn_type").to_pylist(), dtype=object)
        parts = [
            self._score(batch.filter(pa.array(kind == churn_type)), *self.champions[model_name(churn_type)])
            for churn_type in CHURN_TYPES
            if model_name(churn_type) in self.champions and (kind == churn_type).any()
        ]
        whole = pa.Table.from_batches(parts, schema=SCORES).combine_chunks().to_batches()
        return whole[0] if whole else pa.RecordBatch.from_pylist([], schema=SCORES)

    def _score(self, batch: pa.RecordBatch, version: Mapping[str, Any], fitted: Classifier) -> pa.RecordBatch:
        x = matrix(batch, fitted.model.features)
        probability, lower, upper, effects = fitted.score(x, self.run["snapshot_date"])
        columns: dict[str, Any] = {name: batch.column(name) for name in ("customer_id", "snapshot_date", "churn_type")}
        columns |= {
            "churn_probability": probability,
            "churn_probability_lower": lower,
            "churn_probability_upper": upper,
        }
        columns |= reasons.columns(fitted.model.features, x, effects, fitted.together)
        return stamped(columns, SCORES, version=version, run=self.run)
