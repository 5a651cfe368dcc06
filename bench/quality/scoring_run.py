"""One process of the speed bench: ``python -m bench.quality.scoring_run FOLDER WHAT``, seconds on the last line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.quality.speed_churn import ALGORITHMS, BATCH, NEWEST
from clientele.ml import artifacts, churn, registry
from clientele.ml.boosting import BoostingOptions, fit_trees
from clientele.ml.classifier import LEARNERS, Classifier
from clientele.ml.feature_table import matrix
from clientele.ml.periods import shipped
from clientele.ml.threads import single_threaded

RUN = {
    "snapshot_date": NEWEST, "feature_version": "bench", "run_id": "bench", "scored_at": datetime(2025, 10, 1),
}  # fmt: skip


@single_threaded
def learn(folder: Path) -> None:
    """Write one champion an algorithm, as the registry holds them."""
    examples = churn.examples_of(pq.read_table(folder / "learnt.parquet"))
    period = shipped(sorted(set(examples.snapshot_dates.tolist())), 90)
    for algorithm in ALGORITHMS:
        packed = artifacts.pack(Classifier.fit(examples, period, LEARNERS[algorithm], 42).to_state())
        champion = {
            "model_name": churn.model_name("non_contractual"), "model_version": "bench",
            "algorithm": algorithm, "recipe": registry.RECIPE,
            "artifact": packed, "artifact_sha256": artifacts.sha256(packed),
        }  # fmt: skip
        pq.write_table(registry.table([champion]), folder / f"{algorithm}.parquet")


def batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """The customers, never all at once."""
    yield from pq.ParquetFile(folder / "customers.parquet").iter_batches(BATCH)


def score(folder: Path, algorithm: str) -> float:
    """Seconds in the scorer."""
    scorer, seconds = churn.Scorer(pq.read_table(folder / f"{algorithm}.parquet"), RUN), 0.0
    for batch in batches(folder):
        began = time.perf_counter()
        scored = scorer(batch)
        seconds += time.perf_counter() - began
        assert scored.num_rows == batch.num_rows
    return seconds


def predict(folder: Path) -> dict[str, float]:
    """Seconds of predict_proba on all customers: our trees with one thread and two, default ones with one."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    examples = churn.examples_of(pq.read_table(folder / "learnt.parquet"))
    with threadpool_limits(1):
        ours = fit_trees(examples.x, examples.y, examples.features, BoostingOptions())
        default = HistGradientBoostingClassifier(random_state=42).fit(examples.x, examples.y)
    x = matrix(pa.Table.from_batches(batches(folder)), examples.features)
    seconds = {}
    for what, trees, threads in (("bare_1", ours, 1), ("bare_2", ours, 2), ("bare_default", default, 1)):
        with threadpool_limits(threads):
            began = time.perf_counter()
            trees.predict_proba(x)
            seconds[what] = time.perf_counter() - began
    return seconds


def main() -> None:
    """Learn, score by an algorithm, or predict."""
    folder, what = Path(sys.argv[1]), sys.argv[2]
    if what == "learn":
        learn(folder)
    else:
        print(json.dumps(predict(folder) if what == "bare" else {what: score(folder, what)}))


main()
