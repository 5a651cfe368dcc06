"""The champions against what the demo company's customers did next.

A company of four years is landed whole, and built as of a day a year before its end: no feature, label or fit knows
what came after, and what came after is counted from the lake. Nothing here is tuned to it: the seed is another one than
the demo's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bench.quality import segments
from bench.quality.page import Options, Section, Target
from clientele.ml import metrics
from clientele.ml.calibration import groups_of
from clientele.ml.feature_table import as_numbers

CUSTOMERS, SEED, YEARS = 20_000, 7, 4
END = date(2026, 1, 1)
SNAPSHOT = END - timedelta(days=365)
CHURN_DAYS = 90
Vector = npt.NDArray[np.float64]

CHURN = f"""
with later as (
    select distinct customer_id from intermediate.int_commerce__orders
    where known_to is null and ordered_at >= timestamp '{SNAPSHOT}'
        and ordered_at < timestamp '{SNAPSHOT}' + interval {CHURN_DAYS} day
)

select
    churn.*, later.customer_id is null as is_churned, features.recency_days,
    features.recency_score * 100 + features.frequency_score * 10 + features.monetary_score as rfm_cell
from marts.customer_churn as churn
inner join features.customer_features as features
    on churn.customer_id = features.customer_id and churn.snapshot_date = features.snapshot_date
left join later on churn.customer_id = later.customer_id
where churn.churn_type = 'non_contractual'
order by churn.customer_id
"""
# What recency and RFM cells are worth is learnt from the same labels that the champion learnt from.
LEARNT = """
select labels.is_churned, features.recency_days,
    features.recency_score * 100 + features.frequency_score * 10 + features.monetary_score as rfm_cell
from ml.ml_churn__labels as labels
inner join features.customer_features as features
    on labels.customer_id = features.customer_id and labels.snapshot_date = features.snapshot_date
where labels.churn_type = 'non_contractual'
"""
# Days to the next order, of whoever has a score; null where none came.
NEXT = f"""
with later as (
    select customer_id, min(ordered_at) as ordered_at from intermediate.int_commerce__orders
    where known_to is null and ordered_at >= timestamp '{SNAPSHOT}' group by all
)

select scores.*, epoch(later.ordered_at - timestamp '{SNAPSHOT}') / 86400 as days
from {{mart}} as scores left join later on scores.customer_id = later.customer_id
order by scores.customer_id
"""
NEXT_MARTS = {
    "next purchase": ("marts.customer_next_purchase", "p_purchase_{}d", (7, 30, 90)),
    "survival": (
        "(from marts.customer_churn where churn_type = 'non_contractual' and survival_30d is not null)",
        "survival_{}d",
        (30, 60, 90, 180),
    ),
}
BOUNDED = {"base_rate": "rate", "auc": "AUC", "brier": "Brier", "ece": "ECE"}
VALUE = """
with flows as (
    select customer_id, ordered_at as flowed_at, coalesce(amount, 0) as amount
    from intermediate.int_commerce__orders where known_to is null
    union all
    select customer_id, returned_at, -coalesce(refund_amount, 0)
    from intermediate.int_commerce__returns where known_to is null
),

next as (
    select customer_id, sum(amount) as amount from flows
    where flowed_at >= timestamp '{snapshot}' and flowed_at < timestamp '{snapshot}' + interval {days} day group by all
),

last as (
    select customer_id, sum(amount) * {days} / 365 as amount from flows
    where flowed_at < timestamp '{snapshot}' and flowed_at >= timestamp '{snapshot}' - interval 365 day group by all
)

select
    clv.clv_{days}d as predicted, clv.clv_{days}d_lower as lower, clv.clv_{days}d_upper as upper,
    coalesce(next.amount, 0)::double as realised, coalesce(last.amount, 0)::double as last_years
from marts.customer_clv as clv
left join next on clv.customer_id = next.customer_id
left join last on clv.customer_id = last.customer_id
order by clv.customer_id
"""


def measure(options: Options) -> Section:
    """Churn, value and segments at the snapshot, beside what simple rules say of the same customers."""
    folder = options.scratch("truth")
    home = folder / "warehouse"
    _build(folder, home, options)
    section = Section("truth", "Against the demo company's hidden truth, out of time")
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as con:
        _churn(con, section)
        _next(con, section)
        for days in (90, 365):
            _value(con, section, days)
        discount = con.execute("select annual_discount_rate from ml.ml_run").fetchall()[0][0]
    found = segments.against_truth(home / "build.duckdb", folder / "exports" / "truth")
    section.tables.append([["segments", "figure"], *([name, f"{value:.3f}"] for name, value in found.items())])
    section.notes += [
        f"{CUSTOMERS:,} customers, seed {SEED}, {YEARS} years to {END}; built as of {SNAPSHOT} with the default vars.",
        f"Values are discounted at {discount:.0%} a year, realised ones by the same factor.",
        "Adjusted Rand indices: 1 the same groups, 0 as by chance; see bench/quality/segments.py for the types.",
    ]
    section.results["segments"] = found
    return section


def _build(folder: Path, home: Path, options: Options) -> None:
    clientele = str(Path(sys.executable).parent / "clientele")

    def run(*arguments: str) -> None:
        options.say("truth: clientele " + " ".join(arguments[:1]))
        subprocess.run([clientele, *arguments], check=True, stdout=subprocess.DEVNULL)

    exports = folder / "exports"
    if not (exports / "mapping.yml").exists():
        numbers = ("--customers", str(CUSTOMERS), "--seed", str(SEED), "--years", str(YEARS), "--as-of", str(END))
        run("demo", "--out", str(exports), *numbers)
    # Versions that serve are kept: what an earlier run fitted would be reported as this one's.
    shutil.rmtree(home, ignore_errors=True)
    run("load", str(exports / "mapping.yml"), "--home", str(home))
    run("run", "--home", str(home), "--snapshot-date", str(SNAPSHOT), "--full-refresh")


def _churn(con: duckdb.DuckDBPyConnection, section: Section) -> None:
    table, learnt = con.sql(CHURN).to_arrow_table(), con.sql(LEARNT).to_arrow_table()
    y = as_numbers(table["is_churned"]).astype(bool)
    probability, lower, upper = (as_numbers(table[f"churn_probability{end}"]) for end in ("", "_lower", "_upper"))
    rules = {
        "recency alone": _by_recency(learnt, table),
        "RFM cells": _by_cell(learnt, table),
        "base rate": np.full(len(y), as_numbers(learnt["is_churned"]).mean()),
    }
    ours = metrics.of_probabilities(probability, y)
    others = {name: metrics.of_probabilities(rule, y) for name, rule in rules.items()}
    inside = [group.is_inside for group in groups_of(probability, lower, upper, y)]
    best = {metric: [other[metric] for other in others.values()] for metric in ("auc", "brier")}
    section.targets += [
        Target("churn AUC beyond the best rule", ours["auc"] - max(best["auc"]), at_least=0.0),
        Target("churn Brier below the best rule", min(best["brier"]) - ours["brier"], at_least=0.0),
        Target("churn ECE", ours["ece"], at_most=0.03),
        Target(
            "churn: share of groups with their rate within the mean bounds", float(np.mean(inside)), at_least=0.9,
            digits=2,
        ),
    ]  # fmt: skip
    section.notes.append(
        f"Churn: the rates of {sum(inside)} of {len(inside)} groups of equal size lie within their mean bounds, which"
        f" are {(upper - lower).mean():.3f} apart."
    )
    rows = [["churn within 90 days", "AUC", "PR-AUC", "Brier", "log loss", "ECE", "lift at 10 %"]]
    named = {f"champion ({pc.unique(table['algorithm'])[0]})": ours} | others
    for name, found in named.items():
        rows.append([name, *(f"{found[m]:.4f}" for m in ("auc", "pr_auc", "brier", "log_loss", "ece", "lift_10"))])
    section.tables.append(rows)
    section.results["churn"] = named


def _next(con: duckdb.DuckDBPyConnection, section: Section) -> None:
    """The probabilities of an order, or of none, by a day: how good they are, and whether the bounds hold the rate."""
    section.tables.append([["probability", "customers", *BOUNDED.values(), "groups inside", "mean width"]])
    for what, (mart, column, horizons) in NEXT_MARTS.items():
        table = con.sql(NEXT.format(mart=mart)).to_arrow_table()
        inside: list[bool] = []
        for days in horizons:
            ordered = as_numbers(table["days"]) < days
            y = ~ordered if what == "survival" else ordered
            inside += _bounded(table, column.format(days), y, section)
        held = float(np.mean(inside))
        section.targets.append(
            Target(f"{what}: share of groups with their rate within the mean bounds", held, at_least=0.9, digits=2)
        )


def _bounded(table: pa.Table, name: str, y: npt.NDArray[np.bool_], section: Section) -> list[bool]:
    probability, lower, upper = (as_numbers(table[name + end]) for end in ("", "_lower", "_upper"))
    found = metrics.of_probabilities(probability, y)
    inside = [group.is_inside for group in groups_of(probability, lower, upper, y)]
    section.tables[-1].append(
        [name, f"{len(y):,}", *(f"{found[metric]:.4f}" for metric in BOUNDED)]
        + [f"{sum(inside)} of {len(inside)}", f"{(upper - lower).mean():.3f}"]
    )
    section.results[name] = found | {"groups_inside": sum(inside), "groups": len(inside)}
    return inside


def _by_recency(learnt: pa.Table, table: pa.Table) -> Vector:
    from sklearn.linear_model import LogisticRegression

    past, now = (np.log1p(as_numbers(t["recency_days"]))[:, None] for t in (learnt, table))
    return LogisticRegression().fit(past, as_numbers(learnt["is_churned"])).predict_proba(now)[:, 1]


def _by_cell(learnt: pa.Table, table: pa.Table) -> Vector:
    """The rate of each RFM cell, drawn to the rate of all by ten customers."""
    y, cell = as_numbers(learnt["is_churned"]), as_numbers(learnt["rfm_cell"]).astype(int)
    total, churned = np.bincount(cell, minlength=1_000), np.bincount(cell, y, minlength=1_000)
    return ((churned + 10 * y.mean()) / (total + 10))[as_numbers(table["rfm_cell"]).astype(int)]


def _value(con: duckdb.DuckDBPyConnection, section: Section, days: int) -> None:
    from clientele.ml.value_model import present_share

    table = con.sql(VALUE.format(snapshot=SNAPSHOT, days=days)).to_arrow_table()
    predicted, lower, upper, realised, last = (as_numbers(table[name]) for name in table.column_names)
    rate = con.execute("select annual_discount_rate from ml.ml_run").fetchall()[0][0]
    worth = present_share(days, rate)
    realised, last = realised * worth, np.maximum(last, 0) * worth
    ours, rule = metrics.of_values(predicted, realised), metrics.of_values(last, realised)
    coverage = metrics.interval_coverage(lower, upper, realised)
    section.targets += [
        Target(f"CLV {days} days: 90 % intervals cover", coverage, at_least=0.87, at_most=0.93),
        Target(f"CLV {days} days: Gini beyond last year's spend", ours["gini"] - rule["gini"], at_least=0.0),
        Target(f"CLV {days} days: MAE below last year's spend", rule["mae"] - ours["mae"], at_least=0.0, digits=2),
    ]
    section.notes.append(
        f"Value within {days} days: {(lower > 0).mean():.0%} of customers have a lower bound above 0, of the best fifth"
        f" {(lower > 0)[predicted >= np.quantile(predicted, 0.8)].mean():.0%}; bounds are"
        f" {(upper - lower).mean() / predicted.mean():.2f} times the mean value apart."
    )
    rows = [[f"value within {days} days", "mean realised", "MAE", "bias", "Gini"]]
    for name, found in {"champion": ours, "last year's spend again": rule}.items():
        rows.append([name, *(f"{found[m]:.3f}" for m in ("mean_realised", "mae", "bias", "gini"))])
    section.tables.append(rows)
    section.results[f"clv_{days}d"] = {"champion": ours, "last_years_spend": rule, "coverage": coverage}
