"""What scoring credit costs: ``python -m bench.credit`` writes bench/credit.md.

A million applicants with twenty characteristics are scored by the SQL that the macro scorecard_scores compiles, which
keeps score, bins and the numbers of four reasons, and by CASE queries as one would write them by hand: one that keeps
the score alone, the strictest there is to be held against, and one that keeps four reasons too. Then the reasons are
put into words by the SQL of the model ml_credit__reasons. The same table, the same process, one after the other in
turns.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
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
WORDS_OF = PROJECT_ROOT / "dbt_project" / "models" / "ml" / "credit" / "ml_credit__reasons.sql"
# What stands here for the tables that the model of reasons reads.
RELATIONS = {
    "ml_credit__scores": "(select *, 'v1' as model_version, 'run' as run_id, now() as scored_at from scored) as told",
    "ml_credit__scorecard": "bins",
    "credit_reason_texts": "words_of",
    "ml_credit__inputs": "applicants",
}
BY_HAND, OURS, REASONS_BY_HAND = "by hand", "ours", "reasons by hand"
# By way: the query, and what it keeps.
SHOWN = {
    BY_HAND: ("one CASE query by hand", "score"),
    OURS: ("macro `scorecard_scores`", "score, bins, numbers of four reasons"),
    "probabilities": ("the same, probabilities joined", "and PD with its bounds"),
    "words": ("the macro, then the model `ml_credit__reasons`", "and four reasons in words, a row each"),
    REASONS_BY_HAND: ("one CASE query by hand, what it costs sorted", "score, names of four reasons"),
}
# Scores that are not those by hand, customers whose reasons are not, and how many texts there are.
DIFFERING = """
with told as (
    select customer_id, list(characteristic order by reason_rank) as names from words group by customer_id
)

select
    count(*) filter (where by_hand.score is distinct from ours.score),
    count(*) filter (
        where list_transform(with_reasons.reasons, lambda one: one.name) is distinct from coalesce(told.names, [])
    ),
    (select count(*) from words)
from by_hand
full join ours using (customer_id)
full join with_reasons using (customer_id)
left join told using (customer_id)
"""


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


def rendered(inline: str) -> str:
    """SQL with macros of the project, as dbt compiles it."""
    with tempfile.TemporaryDirectory() as target:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).parent / "dbt"), "--quiet", "compile", "--target", "lint"),
                *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT), "--target-path", target),
                *("--inline", inline),
            ],
            cwd=PROJECT_ROOT, env=os.environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return done.stdout[done.stdout.index("with ") :]


def scoring(card: dict[str, Any]) -> str:
    """The select that the project's macro makes of a scorecard, over the relation `applicants`."""
    return rendered("{{ scorecard_scores('applicants', fromjson('" + json.dumps(card) + "')) }}")


def wording(card: dict[str, Any]) -> str:
    """The select of the model ml_credit__reasons, over what this benchmark has in place of the tables it reads."""
    sql = WORDS_OF.read_text(encoding="utf-8")
    sql = re.sub(r"^\{\{ config\(.*?\) \}\}$", "", sql, count=1, flags=re.DOTALL | re.MULTILINE)
    for model, relation in RELATIONS.items():
        sql = sql.replace("{{ ref('" + model + "') }}", relation)
    sql = sql.replace("{{ is_asked_for('snapshot_date') }}", "true")
    return rendered(sql.replace("champion_scorecard()", "fromjson('" + json.dumps(card) + "')"))


def by_hand(card: dict[str, Any], *, reasons: bool = False) -> str:
    """One CASE a characteristic, added up; with reasons also what each costs, sorted, of which four are kept."""
    points = {one["name"]: _case(one) for one in card["characteristics"]}
    if not reasons:
        return f"select customer_id, {card['base_points']} + {' + '.join(points.values())} as score from applicants"
    of = {one["name"]: one["bins"][0]["reference_points"] for one in card["characteristics"]}
    lost = ", ".join(f"{{lost: p_{name} - {of[name]}, name: '{name}'}}" for name in points)
    return (
        f"with pointed as (select customer_id, {', '.join(f'{case} as p_{name}' for name, case in points.items())}"
        f" from applicants) select customer_id, {card['base_points']} + {' + '.join(f'p_{name}' for name in points)}"
        f" as score, list_sort(list_filter([{lost}], lambda one: one.lost < 0))[1:4] as reasons from pointed"
    )


def _case(one: dict[str, Any]) -> str:
    name, points = one["name"], {bin_["bin"]: bin_["points"] for bin_ in one["bins"]}
    steps = " ".join(f"when {name} < {edge} then {points[bin_]}" for bin_, edge in enumerate(EDGES))
    return f"case when {name} is null then {points[-1]} {steps} else {points[len(EDGES)]} end"


def measure(rows: int, repeat: int) -> dict[str, Any]:
    """Median seconds of each way, its ratio to the score by hand, and how far they agree.

    `alike` is the ratio of ours to reasons by hand, either of which keeps four reasons.
    """
    card = scorecard()
    ours = scoring(card)
    joined = (
        "select scored.*, probabilities.pd, probabilities.pd_lower, probabilities.pd_upper"
        f" from ({ours}) as scored inner join probabilities using (score)"
    )
    # Each of the tables that a way makes, in their order.
    ways: dict[str, dict[str, str]] = {
        BY_HAND: {"by_hand": by_hand(card)},
        OURS: {"ours": ours},
        "probabilities": {"with_probabilities": joined},
        "words": {"scored": ours, "words": wording(card)},
        REASONS_BY_HAND: {"with_reasons": by_hand(card, reasons=True)},
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bench.duckdb") as connection:
        _tables(connection, card, rows)
        for _ in range(repeat):
            for name, tables in ways.items():
                began = time.perf_counter()
                for table, query in tables.items():
                    connection.execute(f"create or replace table {table} as {query}")
                seconds[name].append(time.perf_counter() - began)
        differing, told_otherwise, n_texts = connection.execute(DIFFERING).fetchall()[0]
    return {
        "rows": rows, "repeat": repeat, "differing": differing, "told_otherwise": told_otherwise, "n_texts": n_texts,
        "seconds": {name: statistics.median(times) for name, times in seconds.items()},
        "ratios": {
            name: statistics.median(one / other for one, other in zip(times, seconds[BY_HAND], strict=True))
            for name, times in seconds.items()
        },
        "alike": statistics.median(
            one / other for one, other in zip(seconds[OURS], seconds[REASONS_BY_HAND], strict=True)
        ),
    }  # fmt: skip


def _tables(connection: duckdb.DuckDBPyConnection, card: dict[str, Any], rows: int) -> None:
    """What is scored, and what the model of reasons joins."""
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
    bins = [bin_ for one in card["characteristics"] for bin_ in one["bins"]]
    losing = sorted(
        (bin_ for bin_ in bins if bin_["points"] < bin_["reference_points"]),
        key=lambda bin_: (bin_["points"] - bin_["reference_points"], bin_["characteristic"], bin_["bin"]),
    )
    connection.execute(
        "create table bins (characteristic varchar, bin integer, label varchar, points integer,"
        " reference_points integer, reason_number integer, model_version varchar)"
    )
    connection.executemany(
        "insert into bins values (?, ?, ?, ?, ?, ?, 'v1')",
        [
            (bin_["characteristic"], bin_["bin"], "a bin", bin_["points"], bin_["reference_points"], number)
            for number, bin_ in enumerate(losing, 1)
        ],
    )
    connection.execute(
        "create table words_of as select distinct characteristic, characteristic || ' of {value} {currency}' as text,"
        " 'Not ' || text as text_negative, 'Not known' as text_missing, 1.0::double as multiplier, 0 as decimals,"
        " characteristic as words from bins"
    )


def page(found: dict[str, Any]) -> str:
    """The page in Markdown."""
    ratio, is_equal = found["ratios"][OURS], not found["differing"] and not found["told_otherwise"]
    verdict = "met" if ratio <= MOST_RATIO and is_equal else "missed"
    lines = "\n".join(
        f"| {query} | {keeps} | {found['seconds'][name]:.2f} | {found['ratios'][name]:.2f} |"
        for name, (query, keeps) in SHOWN.items()
    )
    return f"""# What scoring credit costs

Written by `python -m bench.credit` on {machine()}.

{found["rows"]:,} applicants, {CHARACTERISTICS} characteristics of {len(EDGES) + 1} bins and one for missing values;
{found["repeat"]} runs in turns, the median of each; ratios are medians of the runs' ratios to the first.

| query | keeps | seconds | ratio |
| --- | --- | --- | --- |
{lines}

The macro takes {ratio:.2f} times as long as the score by hand, which knows no reasons; at most
{MOST_RATIO:g} is wanted: {verdict}.
What it keeps of reasons are numbers of the scorecard's rows. In words, scoring included, they take
{found["ratios"]["words"]:.2f} times as long: {found["n_texts"]:,} texts, each joined with its row of the scorecard,
its words and the customer's value. By hand, without any words, four reasons take
{found["ratios"][REASONS_BY_HAND]:.2f} times as long as the score alone.
Like for like, the macro with its numbers of four reasons takes {found["alike"]:.2f} times as long as those by hand.
Scores that differ: {found["differing"]:,}. Customers whose reasons do: {found["told_otherwise"]:,}.
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
    ratios = found["ratios"] | {"like for like": found["alike"]}
    print(", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()) + f": {chosen.out}")


if __name__ == "__main__":
    main()
