"""The next purchase as versions in the registry: fitted when asked or old, promoted by gates, and put to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import metrics, next_purchase, reasons, registry
from clientele.ml.classifier import LAST_RESORT
from clientele.ml.feature_table import as_numbers, learnable, matrix
from clientele.ml.next_purchase import Candidate, NextPurchase
from clientele.ml.periods import OUT_OF_TIME
from clientele.ml.promotion import Key, Losses, choose, gate, hold_against_champion, log_losses
from clientele.ml.purchase_dates import HORIZONS, LIMIT_DAYS
from clientele.ml.purchase_history import PurchaseHistory, drawn
from clientele.ml.registry import Settings, Version
from clientele.ml.score_rows import STAMP, stamped

NAME = "next_purchase"
KEYS = (
    "customer_id", "snapshot_date", "duration_days", "is_observed", "next_category", "categories", "category_lines",
)  # fmt: skip
SCORES = pa.schema(
    [
        ("customer_id", pa.string()),
        ("snapshot_date", pa.date32()),
        *[(f"p_purchase_{days}d{end}", pa.float64()) for days in HORIZONS for end in ("", "_lower", "_upper")],
        *[(f"expected_date{end}", pa.date32()) for end in ("", "_lower", "_upper")],
        ("likely_category", pa.string()),
        ("likely_category_probability", pa.float64()),
        *reasons.FIELDS,
        *STAMP,
    ]
)
# Of the training set. A fit learns from at most 20,000 of them; the others calibrate and measure, which costs little.
# On 12,000 the demo company of 20,000 had 34 customers a group: such rates doubled the bounds, and still missed them.
MOST_ROWS = 60_000


def fit(training_set: pa.Table, run: Mapping[str, Any], previous: pa.Table | None) -> pa.Table:
    """New versions of the next purchase model, as rows of registry.FIT_SCHEMA; none where the last one serves.

    `training_set` has the KEYS and the features, `run` is the row of ml_run, `previous` the registry's rows of this
    model.
    """
    settings = Settings.of(run)
    reason = registry.why_fit(NAME, settings, previous)
    if not reason:
        return registry.table([])
    rows, names = drawn(training_set, MOST_ROWS), _features(training_set)
    candidates = next_purchase.fit(rows, names, newest=settings.snapshot_date, seed=settings.seed)
    if not candidates:
        message = "no customer has been followed for a day yet: load older orders"
        candidates = [Candidate(LAST_RESORT, None, message=message)]
    if not any(candidate.fitted for candidate in candidates):
        versions = [_version(candidate) for candidate in candidates[:1]]
        return registry.table(registry.rows(versions, ["none"], None, reason, settings, previous))
    versions = [_version(candidate) for candidate in candidates]
    for version in versions:
        version.gates = _gates(version, settings.max_ece)
    hold_against_champion(
        versions, settings, previous, losses=log_losses, measured=partial(_measured, rows), last_resort=LAST_RESORT
    )
    loss = {candidate.algorithm: candidate.log_loss for candidate in candidates}
    chosen = choose(versions, loss=loss, last_resort=LAST_RESORT)
    data = _data(PurchaseHistory.of(rows, names, settings.snapshot_date))
    ids = [registry.version_of(version, settings, data) for version in versions]
    return registry.table(registry.rows(versions, ids, chosen, reason, settings, previous))


def _features(rows: pa.Table) -> list[str]:
    return learnable(rows.schema, KEYS)


def _version(candidate: Candidate) -> Version:
    return Version(
        model_name=NAME,
        algorithm=candidate.algorithm,
        horizon_days=LIMIT_DAYS,
        n_rows=candidate.n_rows,
        features=[feature.name for feature in candidate.fitted.features] if candidate.fitted else [],
        learnt=candidate.learnt,
        calibrated=candidate.calibrated,
        performance=[_published(row) for row in candidate.performance],
        importance=candidate.importance,
        state=candidate.fitted.to_state() if candidate.fitted else None,
        message=candidate.message,
    )


def _published(row: dict[str, Any]) -> dict[str, Any]:
    """A row of performance by the names of model_performance: an interval's coverage is that of its bounds."""
    return {{"interval_coverage": "bounds_coverage"}.get(name, name): value for name, value in row.items()}


def _data(history: PurchaseHistory) -> list[Any]:
    of, counts = history.durations, history.counts
    texts = "\n".join(text or "" for text in [*counts.category.to_pylist(), *history.bought.to_pylist()])
    return [of.x, of.days, of.observed, history.fold, counts.row, counts.lines, np.frombuffer(texts.encode(), np.uint8)]


def _gates(version: Version, max_ece: float) -> dict[str, str]:
    """Each gate with `passed` or `failed` and the numbers, of the horizon that does worst."""
    if not version.is_fitted:
        return {"fitted": f"failed: {version.message}"}
    if version.algorithm == LAST_RESORT:
        return {"fitted": "passed: it knows the rates alone, and serves only where nothing else may"}
    ece = max(version.mean("ece", days) for days in HORIZONS)
    auc, chance = min((_auc(version, days) for days in HORIZONS), key=lambda pair: pair[0] - pair[1])
    return {
        "calibrated": gate(ece <= max_ece, f"ECE {ece:.3f} at the worst horizon, at most {max_ece}"),
        "tells_customers_apart": gate(auc > chance, f"AUC {auc:.3f} at the worst horizon, chance reaches {chance:.3f}"),
    }


def _auc(version: Version, horizon: int) -> tuple[float, float]:
    """At a horizon, beside what chance reaches."""
    rows = [row for row in version.performance if row["group_name"] == "all" and row["horizon"] == horizon]
    return version.mean("auc", horizon), metrics.auc_by_chance(rows)


def _measured(rows: pa.Table, version: Mapping[str, Any], keys: Sequence[Key]) -> Losses:
    """Losses of a stored model, each horizon on the rows of its day."""
    fitted, performance = read(version), list[dict[str, Any]]()
    for horizon, day in ((horizon, date.fromisoformat(day)) for horizon, day in keys):
        at = rows.filter(pc.equal(rows["snapshot_date"], pa.scalar(day, pa.date32())))
        probability, *_ = fitted.classifiers[horizon].score(matrix(at, fitted.features), day)
        bought = (as_numbers(at["is_observed"]) > 0) & (as_numbers(at["duration_days"]) < horizon)
        of = {"group_name": "all", "period": day.isoformat(), "protocol": OUT_OF_TIME, "horizon": horizon}
        performance.append(of | metrics.of_probabilities(probability, bought))
    return log_losses(performance)


def read(version: Mapping[str, Any]) -> NextPurchase:
    """The model of a registry row. Raises ArtifactError, as registry.unpack."""
    return NextPurchase.from_state(registry.unpack(version))


class Scorer:
    """Scores batches of customers with the champion; nobody is scored while there is none."""

    def __init__(self, champions: pa.Table, run: Mapping[str, Any]) -> None:
        self.run, rows = run, champions.to_pylist()
        self.version = rows[0] if rows else None
        self.fitted = read(rows[0]) if rows else None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of SCORES for the customers of a batch, all of one snapshot, in its order."""
        if self.version is None or self.fitted is None:
            return pa.RecordBatch.from_pylist([], schema=SCORES)
        columns: dict[str, Any] = {name: batch.column(name) for name in ("customer_id", "snapshot_date")}
        return stamped(columns | self.fitted.score(batch), SCORES, version=self.version, run=self.run)
