"""Customer lifetime value as versions in the registry: fitted, promoted and put to use. See `clv` for the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import clv, registry
from clientele.ml.feature_table import as_numbers, choose_features, learnable, matrix
from clientele.ml.metrics import tweedie_d2
from clientele.ml.promotion import Key, Losses, gate, hold_against_champion, is_open, out_of_time
from clientele.ml.purchase_value import COLUMNS
from clientele.ml.registry import Settings, Version
from clientele.ml.score_rows import STAMP, stamped
from clientele.ml.value_model import Fitted, worth

NAME = "clv"
HEEDED = ("gross_margin_share", "annual_discount_rate")  # vars: money in another unit is another model
LABELS = ("spend_next_90d", "spend_next_365d")
KEYS = ("customer_id", "snapshot_date", *LABELS)
FIELDS = [
    *[(f"clv_{days}d{end}", pa.float64()) for days in clv.HORIZONS for end in ("", "_lower", "_upper")],
    *[(f"expected_purchases_{days}d", pa.float64()) for days in clv.HORIZONS],
    ("p_alive", pa.float64()),
    ("expected_spend", pa.float64()),
    ("value_basis", pa.string()),
]
SCORES = pa.schema([("customer_id", pa.string()), ("snapshot_date", pa.date32()), *FIELDS, *STAMP])


def fit(training_set: pa.Table, run: Mapping[str, Any], previous: pa.Table | None) -> pa.Table:
    """New versions, as rows of registry.FIT_SCHEMA; none where the last one serves.

    `training_set` has customer_id, snapshot_date, LABELS and the features, `run` is the row of ml_run, `previous` the
    registry's rows of this model.
    """
    settings = Settings.of(run, **{name: run[name] for name in HEEDED})
    reason = registry.why_fit(NAME, settings, previous)
    if not reason:
        return registry.table([])
    if not training_set.num_rows:
        nothing = Version(NAME, clv.LAST_RESORT, max(clv.HORIZONS))
        nothing.message = (
            f"no customer has been watched for {min(clv.HORIZONS)} days yet: a label needs a snapshot that lies so far "
            "back. Load older orders."
        )
        return registry.table(registry.rows([nothing], ["none"], None, reason, settings, previous))
    names = learnable(training_set.schema, KEYS)
    candidates = clv.fit(
        training_set,
        names,
        seed=settings.seed,
        gross_margin_share=run["gross_margin_share"],
        annual_discount_rate=run["annual_discount_rate"],
    )
    versions = [_version(candidate, candidates) for candidate in candidates]
    hold_against_champion(
        versions,
        settings,
        previous,
        losses=_losses,
        measured=partial(_measured, training_set),
        last_resort=clv.LAST_RESORT,
    )
    chosen = clv.choose(candidates, [version.algorithm for version in versions if not is_open(version.gates)])
    promoted = next((v for v, c in zip(versions, candidates, strict=True) if c is chosen), None)
    data = _data(training_set, names)
    ids = [registry.version_of(version, settings, data) for version in versions]
    return registry.table(registry.rows(versions, ids, promoted, reason, settings, previous))


def _data(training_set: pa.Table, names: list[str]) -> list[Any]:
    """All that a version learns from."""
    x = matrix(training_set, choose_features(training_set, names))
    return [x, *(as_numbers(training_set[name]) for name in (*LABELS, *COLUMNS))]


def _version(candidate: clv.Candidate, all_: list[clv.Candidate]) -> Version:
    rule = next(one for one in all_ if one.algorithm == clv.LAST_RESORT)
    version = Version(
        model_name=NAME,
        algorithm=candidate.algorithm,
        horizon_days=max(clv.HORIZONS),
        n_rows=candidate.n_rows,
        features=candidate.features,
        learnt=candidate.learnt,
        calibrated=candidate.calibrated,
        performance=candidate.performance,
        importance=candidate.importance,
        state=candidate.fitted.to_state() if candidate.fitted else None,
        message=candidate.message,
    )
    version.gates = _gates(candidate, rule)
    return version


def _gates(candidate: clv.Candidate, rule: clv.Candidate) -> dict[str, str]:
    """Each gate with `passed` or `failed` and the numbers."""
    if candidate.fitted is None:
        return {"fitted": f"failed: {candidate.message}"}
    if not np.isfinite(rule.loss):
        return {"fitted": "passed: nothing could be measured yet"}
    if candidate is rule:
        return {"fitted": "passed: it repeats last year's spend, and serves only where nothing else may"}
    return {name: gate(*done) for name, done in clv.asked_of(candidate, rule).items()}


def _losses(performance: Sequence[Mapping[str, Any]]) -> Losses:
    """Deviance left against a common mean, by horizon and day."""
    return {
        (row["horizon"], row["period"]): 1 - row["d2"]
        for row in out_of_time(performance)
        if row["d2"] is not None and np.isfinite(row["d2"])
    }


def _measured(rows: pa.Table, version: Mapping[str, Any], keys: Sequence[Key]) -> Losses:
    """Losses of a stored model on the customers of some days."""
    fitted, losses = read(version), Losses()
    for horizon, day in keys:
        at = rows.filter(pc.equal(rows["snapshot_date"], pa.scalar(date.fromisoformat(day), pa.date32())))
        unit = worth(horizon, fitted.gross_margin_share, fitted.annual_discount_rate)
        realised = as_numbers(at[f"spend_next_{horizon}d"]) * unit
        losses[horizon, day] = 1 - tweedie_d2(fitted.score(at)[f"clv_{horizon}d"], realised)
    return losses


def read(version: Mapping[str, Any]) -> Fitted:
    """The model of a registry row. Raises ArtifactError, as registry.unpack."""
    return Fitted.from_state(registry.unpack(version))


class Scorer:
    """Scores batches of customers with the champion; nobody is scored while there is none."""

    def __init__(self, champions: pa.Table, run: Mapping[str, Any]) -> None:
        self.run = run
        self.champion = next(iter(champions.to_pylist()), None)
        self.fitted = read(self.champion) if self.champion else None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of SCORES for the customers of a batch, in its order."""
        if self.fitted is None or self.champion is None:
            return pa.RecordBatch.from_pylist([], schema=SCORES)
        columns = {name: batch.column(name) for name in ("customer_id", "snapshot_date")} | self.fitted.score(batch)
        return stamped(columns, SCORES, version=self.champion, run=self.run)
