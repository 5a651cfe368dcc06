"""What scoring credit costs: ``python -m bench.credit`` writes bench/credit.md.

A million applicants with twenty characteristics are scored by the SQL that the macro scorecard_scores compiles, which
keeps score, bins and four reasons, and by one CASE query as one would write it by hand, which keeps the score alone:
the strictest there is to be held against, as by hand reasons would cost something too. The same table, the same
process, one after the other in turns; beside them with the probability of each score joined.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.report import machine
from clientele.contract import PROJECT_ROOT

PAGE = Path(__file__).with_name("credit.md")
CHARACTERISTICS, EDGES = 20, (15.0, 30.0, 50.0, 75.0)
MOST_RATIO = 2.0


def scorecard(seed: int = 1) -> dict[str, Any]:
    """A scorecard of twenty numbers in five bins and one for what is missing, its points drawn."""
    draw, characteristics = random.Random(seed), []
    for number in range(CHARACTERISTICS):
        name = f"x{number:02d}"
        points = [draw.randrange(-25, 25) for _ in range(len(EDGES) + 2)]
        bounds = list(zip((None, *EDGES), (*EDGES, None), strict=True))
        bins = [
            {"characteristic": name, "bin": bin_, "lower": lower, "upper": upper, "categories": None}
            | {"points": points[bin_], "reference_points": round(statistics.fmean(points))}
            for bin_, (lower, upper) in [*enumerate(bounds), (-1, (None, None))]
        ]
        characteristics.append({"name": name, "bins": bins})
    return {"characteristics": characteristics, "base_points": 560, "factor": 28.85, "pd_offset": 487.12}


def compiled(card: dict[str, Any]) -> str:
    """The select that the project's macro makes of a scorecard, over the relation `applicants`."""
    with tempfile.TemporaryDirectory() as target:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).parent / "dbt"), "--quiet", "compile", "--target", "lint"),
                *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT), "--target-path", target),
                *("--inline", "{{ scorecard_scores('applicants', fromjson('" + json.dumps(card) + "')) }}"),
            ],
            cwd=PROJECT_ROOT, env=os.environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return done.stdout[done.stdout.index("with coded as") :]


def by_hand(card: dict[str, Any]) -> str:
    """One CASE a characteristic, added up."""
    cases = []
    for one in card["characteristics"]:
        name, points = one["name"], {bin_["bin"]: bin_["points"] for bin_ in one["bins"]}
        steps = " ".join(f"when {name} < {edge} then {points[bin_]}" for bin_, edge in enumerate(EDGES))
        cases.append(f"case when {name} is null then {points[-1]} {steps} else {points[len(EDGES)]} end")
    return f"select customer_id, {card['base_points']} + {' + '.join(cases)} as score from applicants"


def measure(rows: int, repeat: int) -> dict[str, Any]:
    """Seconds of both ways, and whether they agree on every score."""
    card = scorecard()
    ours = compiled(card)
    joined = (
        "select scored.*, probabilities.pd, probabilities.pd_lower, probabilities.pd_upper"
        f" from ({ours}) as scored inner join probabilities using (score)"
    )
    queries = {"by hand": by_hand(card), "ours": ours, "with probabilities": joined}
    seconds: dict[str, list[float]] = {name: [] for name in queries}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bench.duckdb") as connection:
        columns = ", ".join(
            f"case when random() < 0.1 then null else random() * 100 end as {one['name']}"
            for one in card["characteristics"]
        )
        connection.execute("select setseed(0.5)")
        connection.execute(
            "create table applicants as select 'C' || i as customer_id, date '2026-01-01' as snapshot_date,"
            f" {columns} from range({rows}) as r(i)"
        )
        connection.execute(
            f"create table probabilities as select i::integer as score, 1 / (1 + exp((i - {card['pd_offset']}) /"
            f" {card['factor']})) as pd, pd * 0.8 as pd_lower, least(1, pd * 1.2) as pd_upper"
            " from range(-1000, 2000) as r(i)"
        )
        for _ in range(repeat):
            for name, query in queries.items():
                began = time.perf_counter()
                connection.execute(f"create or replace table {name.replace(' ', '_')} as {query}")
                seconds[name].append(time.perf_counter() - began)
        differing = connection.execute(
            "select count(*) from by_hand full join ours using (customer_id)"
            " where by_hand.score is distinct from ours.score"
        ).fetchall()[0][0]
    ratios = [one / other for one, other in zip(seconds["ours"], seconds["by hand"], strict=True)]
    return {"rows": rows, "repeat": repeat, "differing": differing, "ratio": statistics.median(ratios)} | {
        name: statistics.median(times) for name, times in seconds.items()
    }


def page(found: dict[str, Any]) -> str:
    """The page in Markdown."""
    verdict = "met" if found["ratio"] <= MOST_RATIO and not found["differing"] else "missed"
    return f"""# What scoring credit costs

Written by `python -m bench.credit` on {machine()}.

{found["rows"]:,} applicants, {CHARACTERISTICS} characteristics of {len(EDGES) + 1} bins and one for missing values;
{found["repeat"]} runs in turns, the median of each.

| query | keeps | seconds |
| --- | --- | --- |
| one CASE query by hand | score | {found["by hand"]:.2f} |
| macro `scorecard_scores` | score, bins, four reasons | {found["ours"]:.2f} |
| the same, probabilities joined | and PD with its bounds | {found["with probabilities"]:.2f} |

The macro takes {found["ratio"]:.2f} times as long (median of the runs' ratios); at most {MOST_RATIO:g} is wanted:
{verdict}.
Scores that differ: {found["differing"]:,}.
"""


def main() -> None:
    """Measure, print the ratio, write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.credit", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="applicants")
    parser.add_argument("--repeat", type=int, default=7, help="repetitions, of which the median counts")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write")
    chosen = parser.parse_args()
    found = measure(chosen.rows, chosen.repeat)
    chosen.out.write_text(page(found), encoding="utf-8")
    print(f"by hand {found['by hand']:.2f} s, ours {found['ours']:.2f} s, ratio {found['ratio']:.2f}: {chosen.out}")


if __name__ == "__main__":
    main()
