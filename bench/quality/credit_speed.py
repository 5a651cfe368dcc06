"""Binning and fit of a scorecard for a million applicants with twenty characteristics, beside optbinning.

The warehouse hands a fit no more rows than the var training_rows says, drawn by a hash of the customer; optbinning is
timed on as many, and on all.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import dbt_run
from bench.quality import peers
from bench.quality.page import Options, Section, Target
from bench.report import spread

APPLICANTS, BOUND, REPEAT, MOST_SECONDS = 1_000_000, 120_000, 3, 10.0
NUMBERS, CATEGORIES = 17, 3


def applicants(n: int, seed: int) -> pa.Table:
    """Money, shares, counts and texts, some missing; seven of them tell something."""
    rng = np.random.default_rng(seed)
    risk, columns = rng.normal(size=n), dict[str, pa.Array]()
    for j in range(NUMBERS):
        tells = 0.5 if j < 6 else 0.0
        values = np.exp(tells * risk + rng.normal(size=n) + j % 4)
        columns[f"number_{j:02d}"] = pa.array(
            np.floor(values) if j % 3 == 0 else values.round(2), mask=rng.random(n) < 0.05 * (j % 4)
        )
    for j in range(CATEGORIES):
        place = (rng.zipf(1.6, n) + (np.floor(2 * np.abs(risk)).astype(np.int64) if j == 0 else 0)) % 12
        columns[f"text_{j}"] = pa.array(np.array([f"group_{k}" for k in range(12)])[place])
    columns["is_default"] = pa.array(rng.random(n) < 1 / (1 + np.exp(3.2 - 0.8 * risk)))
    return pa.table(columns)


def fit(file: Path) -> dict[str, float]:
    """Seconds from the table in memory to the rows of the scorecard."""
    from clientele.ml.feature_table import as_numbers, matrix
    from clientele.ml.loans import characteristics
    from clientele.ml.periods import draw_of
    from clientele.ml.scorecard import Scaling, Scorecard

    table = pq.read_table(file)
    draw = draw_of([str(place) for place in range(len(table))])
    began = time.perf_counter()
    features, _ = characteristics(table, [name for name in table.column_names if name != "is_default"])
    y = as_numbers(table["is_default"]) > 0
    rows = Scorecard.fit(matrix(table, features), y, features, draw).rows(Scaling())
    return {"seconds": time.perf_counter() - began, "rows": len(rows)}


def measure(options: Options) -> Section:
    """Ours in a process of its own each time, in turn with optbinning on as many rows; then optbinning on all."""
    folder = options.scratch("credit_speed")
    everyone, drawn = folder / "applicants.parquet", folder / "drawn.parquet"
    options.say(f"credit_speed: writing {APPLICANTS:,} applicants")
    table = applicants(APPLICANTS, options.seed)
    pq.write_table(table, everyone)
    at = np.sort(np.random.default_rng(options.seed).choice(APPLICANTS, BOUND, replace=False))
    pq.write_table(table.take(at), drawn)
    del table
    seconds: dict[str, list[float]] = {"ours": [], "bound": [], "all": []}
    versions, peak = dict[str, str](), 0
    for n in range(REPEAT):
        process = dbt_run.measured([sys.executable, "-m", "bench.quality.credit_speed", str(drawn)])
        seconds["ours"].append(json.loads(process.output.splitlines()[-1])["seconds"])
        peak = max(peak, process.peak)
        told = peers.run("binning_speed", drawn, say=options.say)
        seconds["bound"].append(told["seconds"])
        versions = {"optbinning": told["optbinning"]}
        options.say(
            f"credit_speed {n + 1}/{REPEAT}: " + ", ".join(f"{w} {s[-1]:.1f} s" for w, s in seconds.items() if s)
        )
    seconds["all"].append(peers.run("binning_speed", everyone, say=options.say)["seconds"])
    return _section(seconds, peak, versions)


def _section(seconds: dict[str, list[float]], peak: int, versions: dict[str, str]) -> Section:
    middle = {what: statistics.median(times) for what, times in seconds.items()}
    names = {
        "ours": f"ours: bins, shapes and penalty by other cases, points; {BOUND:,} drawn",
        "bound": f"optbinning's Scorecard on the same {BOUND:,}",
        "all": f"optbinning's Scorecard on all {APPLICANTS:,}",
    }
    return Section(
        "credit_speed",
        "Fit of a scorecard for a million applicants",
        targets=[
            Target("binning and fit, s", middle["ours"], at_most=MOST_SECONDS, digits=1, needs_quiet=True),
        ],
        tables=[[["what", "seconds"], *([names[what], spread(times)] for what, times in seconds.items())]],
        notes=[
            f"{APPLICANTS:,} applicants, {NUMBERS} numbers and {CATEGORIES} texts, of which a fit gets {BOUND:,} as the"
            f" var training_rows says; median (range) of {REPEAT} runs, one thread, reading not counted. Ours bins each"
            " column thirteen times: the weights that coefficients learn from are those of other cases.",
            f"Peak memory of ours {peak / 1e9:.2f} GB.",
        ],
        results={"seconds": middle, "peak_gb": peak / 1e9},
        versions=versions,
    )


if __name__ == "__main__":
    print(json.dumps(fit(Path(sys.argv[1]))))
