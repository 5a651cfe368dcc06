"""Churn scores with bounds and reasons for a million customers, beside a bare predict_proba of the same trees.

Forty features shaped like customer_features: counts, money, days, shares, nulls, two categories. Ours are Arrow batches
through churn.Scorer, as dbt does it; the bare one is scikit-learn's boosting on the ready matrix of the same rows.
"""

from __future__ import annotations

import json
import statistics
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import dbt_run
from bench.quality.page import Options, Section, Target
from bench.report import spread

CUSTOMERS, BATCH, LEARNT, REPEAT = 1_000_000, 100_000, 30_000, 3
NUMBERS, CATEGORIES = 38, ("country", "acquisition_channel")
DAYS = [date(2025, month, 1) for month in (1, 4, 7)]  # snapshots to learn from
NEWEST = date(2025, 10, 1)
RATIO, PEAK_GB = 10.0, 4.0
BARE = {
    "bare_1": "bare predict_proba, our trees, 1 thread",
    "bare_2": "bare predict_proba, our trees, 2 threads",
    "bare_default": "bare predict_proba, default trees, 1 thread",
}
ALGORITHMS = ("blend", "hist_gradient_boosting", "logistic_regression")


def rows(n: int, day: date, seed: int) -> pa.Table:
    """Customers of a snapshot; the more recent and the more frequent stay."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "customer_id": pa.array(np.char.mod("C%08d", np.arange(n) + seed * n)),
        "snapshot_date": pa.repeat(pa.scalar(day), n),
        "churn_type": pa.repeat("non_contractual", n),
    }
    activity = rng.normal(size=n)
    for j in range(NUMBERS):
        values = np.exp(0.5 * activity * (j % 3 - 1) + rng.normal(size=n) + j % 5)
        if j % 4 == 0:
            values = np.floor(values)  # counts
        columns[f"feature_{j:02d}"] = pa.array(values.round(2), mask=rng.random(n) < 0.1 * (j % 3))
    for name in CATEGORIES:
        columns[name] = pa.array(np.array([f"{name}_{k}" for k in range(12)])[rng.zipf(1.8, n) % 12])
    columns["is_churned"] = rng.random(n) < 1 / (1 + np.exp(activity))
    return pa.table(columns)


def write(folder: Path) -> None:
    """The rows to learn from and those to score, the latter in row groups of a batch."""
    learnt = pa.concat_tables([rows(LEARNT // len(DAYS), day, seed) for seed, day in enumerate(DAYS)])
    pq.write_table(learnt, folder / "learnt.parquet")
    with pq.ParquetWriter(folder / "customers.parquet", learnt.schema) as writer:
        for part in range(CUSTOMERS // BATCH):
            writer.write_table(rows(BATCH, NEWEST, 100 + part))


def measure(options: Options) -> Section:
    """Each algorithm in a process of its own, in turn with the bare predictions."""
    folder = options.scratch("speed_churn")
    options.say(f"speed_churn: writing {CUSTOMERS:,} customers")
    write(folder)
    script = [sys.executable, "-m", "bench.quality.scoring_run", str(folder)]
    dbt_run.measured([*script, "learn"])
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, int] = {}
    for n in range(REPEAT):
        for what in (*ALGORITHMS, "bare"):
            process = dbt_run.measured([*script, what])
            for name, value in json.loads(process.output.splitlines()[-1]).items():
                seconds.setdefault(name, []).append(value)
            peaks[what] = max(peaks.get(what, 0), process.peak)
        options.say(f"speed_churn {n + 1}/{REPEAT}: " + ", ".join(f"{w} {s[-1]:.1f} s" for w, s in seconds.items()))
    return _section(seconds, peaks)


def _section(seconds: dict[str, list[float]], peaks: dict[str, int]) -> Section:
    middle = {what: statistics.median(times) for what, times in seconds.items()}
    bare = min(middle[name] for name in BARE)
    table = [["what", "seconds", "to the fastest bare one", "peak memory, GB"]]
    for what, name in {**{name: f"ours: {name}" for name in ALGORITHMS}, **BARE}.items():
        peak = f"{peaks[what] / 1e9:.2f}" if what in peaks else ""
        table.append([name, spread(seconds[what]), f"{middle[what] / bare:.2f}", peak])
    slowest, largest = max(middle[a] for a in ALGORITHMS) / bare, max(peaks[a] for a in ALGORITHMS) / 1e9
    return Section(
        "speed_churn",
        "Churn scores of a million customers",
        targets=[
            Target("scores, bounds, reasons / predict_proba", slowest, at_most=RATIO, digits=2, needs_quiet=True),
            Target("peak memory of scoring, GB", largest, at_most=PEAK_GB, digits=2),
        ],
        tables=[table],
        notes=[
            f"{CUSTOMERS:,} customers, {NUMBERS + len(CATEGORIES)} features, batches of {BATCH:,}; median (range) of"
            f" {REPEAT} runs, each in its own process. The target: the slowest of ours by the fastest bare one.",
            "Ours: Arrow to matrix, probability, two bounds, three reasons with value and effect, Arrow again; one"
            " thread. The bare ones: on the ready matrix; our trees are as many and of as many leaves."
            " Reading is in neither.",
        ],
        results={"seconds": middle, "ratio": slowest, "peak_gb": largest},
    )
