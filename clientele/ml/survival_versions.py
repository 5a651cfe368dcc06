"""Survival as versions in the registry: when the next order comes, or the end of subscribing.

Two kinds of customers, as two models beside those of churn: `survival.non_contractual` and `survival.contractual`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import registry, survival
from clientele.ml.feature_table import learnable
from clientele.ml.log_logistic import AFT, RATE_ONLY
from clientele.ml.promotion import Key, Losses, choose, gate, hold_against_champion, out_of_time
from clientele.ml.registry import Settings, Version
from clientele.ml.score_rows import STAMP, stamped
from clientele.ml.survival import HORIZONS, LIMIT_DAYS, Candidate, Durations, Survival

EVENTS = {"non_contractual": survival.NEXT_PURCHASE, "contractual": survival.SUBSCRIPTION_END}
KEYS = ("customer_id", "snapshot_date", "churn_type", "duration_days", "is_observed")
SAID = (*(f"survival_{days}d{end}" for days in HORIZONS for end in survival.ENDS), "expected_days_to_event")
SCORES = pa.schema(
    [
        ("customer_id", pa.string()),
        ("snapshot_date", pa.date32()),
        ("churn_type", pa.string()),
        *[(name, pa.float64()) for name in SAID],
        *STAMP,
    ]
)


def model_name(churn_type: str) -> str:
    """The name in the registry."""
    return f"survival.{churn_type}"


def fit(training_set: pa.Table, run: Mapping[str, Any], previous: pa.Table | None) -> pa.Table:
    """New versions of the survival models, as rows of registry.FIT_SCHEMA; none where the last ones serve.

    `training_set` has the KEYS and the features, `run` is the row of ml_run, `previous` the registry's rows of these
    models.
    """
    settings, made = Settings.of(run), list[dict[str, Any]]()
    for churn_type in EVENTS:
        rows = training_set.filter(pc.equal(training_set["churn_type"], churn_type))
        reason = registry.why_fit(model_name(churn_type), settings, previous)
        if reason and (rows.num_rows or churn_type == "non_contractual"):
            made += _fit_type(churn_type, rows, settings, reason, previous)
    return registry.table(made)


def _fit_type(
    churn_type: str, rows: pa.Table, settings: Settings, reason: str, previous: pa.Table | None
) -> list[dict[str, Any]]:
    name, names = model_name(churn_type), _features(rows)
    event = EVENTS[churn_type]
    candidates = survival.fit(rows, names, newest=settings.snapshot_date, event=event, seed=settings.seed)
    if not candidates:
        nothing = Version(name, RATE_ONLY, LIMIT_DAYS)
        nothing.message = "no customer has been followed for a day yet: load older orders"
        return registry.rows([nothing], ["none"], None, reason, settings, previous)
    versions = [_version(name, candidate) for candidate in candidates]
    for version in versions:
        version.gates = _gates(version, versions, settings.max_ece)
    last_resort, newest = _without_features(versions).algorithm, settings.snapshot_date
    hold_against_champion(
        versions, settings, previous, losses=_losses, measured=partial(_measured, rows, newest), last_resort=last_resort
    )
    loss = {version.algorithm: -version.mean("log_likelihood") for version in versions}
    chosen = choose(versions, loss=loss, last_resort=last_resort)
    data = Durations.of(rows, names)
    ids = [registry.version_of(version, settings, [data.x, data.days, data.observed]) for version in versions]
    return registry.rows(versions, ids, chosen, reason, settings, previous)


def _features(rows: pa.Table) -> list[str]:
    return learnable(rows.schema, KEYS)


def _version(name: str, candidate: Candidate) -> Version:
    return Version(
        model_name=name,
        algorithm=candidate.algorithm,
        horizon_days=LIMIT_DAYS,
        n_rows=candidate.n_rows,
        features=[feature.name for feature in candidate.fitted.features],
        learnt=candidate.learnt,
        performance=candidate.performance,
        importance=candidate.importance,
        state=candidate.fitted.to_state(),
        message=candidate.message,
    )


def _without_features(versions: list[Version]) -> Version:
    return next(version for version in versions if version.algorithm != AFT)


def _gates(version: Version, versions: list[Version], max_ece: float) -> dict[str, str]:
    """Each gate with `passed` or `failed` and the numbers."""
    if version.algorithm != AFT:
        return {"fitted": "passed: it knows no feature, and serves only where nothing else may"}
    ece, likelihood = version.mean("ece"), version.mean("log_likelihood")
    rate = _without_features(versions).mean("log_likelihood")
    return {
        "calibrated": gate(ece <= max_ece, f"ECE {ece:.3f}, at most {max_ece}"),
        "tells_customers_apart": gate(
            likelihood > rate, f"log-likelihood {likelihood:.4f}, {rate:.4f} without features"
        ),
    }


def _losses(performance: Sequence[Mapping[str, Any]]) -> Losses:
    """Negative log-likelihood by the length of the curve and the day: a longer curve has more to be wrong about."""
    return {
        (max(days for days in HORIZONS if days <= row["limit_days"]), row["period"]): -row["log_likelihood"]
        for row in out_of_time(performance)
        if "log_likelihood" in row
    }


def _measured(rows: pa.Table, newest: date, version: Mapping[str, Any], keys: Sequence[Key]) -> Losses:
    """Losses of a stored model on the rows of some days."""
    fitted, performance = read(version), list[dict[str, Any]]()
    for day in (date.fromisoformat(day) for _, day in keys):
        at = rows.filter(pc.equal(rows["snapshot_date"], pa.scalar(day, pa.date32())))
        tested = Durations.with_features(at, fitted.features)
        performance += survival.measure(fitted, tested, day, (newest - day).days)
    return _losses(performance)


def read(version: Mapping[str, Any]) -> Survival:
    """The model of a registry row. Raises ArtifactError, as registry.unpack."""
    return Survival.from_state(registry.unpack(version))


class Scorer:
    """Scores batches of customers with the champions."""

    def __init__(self, champions: pa.Table, run: Mapping[str, Any]) -> None:
        self.run = run
        self.champions = {row["model_name"]: (row, read(row)) for row in champions.to_pylist()}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of SCORES for the customers of a batch whose kind has a champion, by kind."""
        parts = [
            self._score(batch.filter(pc.equal(batch.column("churn_type"), churn_type)), *self.champions[name])
            for churn_type in EVENTS
            if (name := model_name(churn_type)) in self.champions
        ]
        whole = pa.Table.from_batches(parts, schema=SCORES).combine_chunks().to_batches()
        return whole[0] if whole else pa.RecordBatch.from_pylist([], schema=SCORES)

    def _score(self, batch: pa.RecordBatch, version: Mapping[str, Any], fitted: Survival) -> pa.RecordBatch:
        columns: dict[str, Any] = {name: batch.column(name) for name in ("customer_id", "snapshot_date", "churn_type")}
        columns |= dict(zip(SAID, fitted.score(batch).values(), strict=True))
        return stamped(columns, SCORES, version=version, run=self.run)
