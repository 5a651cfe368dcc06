"""The scorecard against what the demo company's borrowers did next: calibration by band, and scores over months.

A company of four years is landed whole and built as of a day a year before its end, where the scorecard is fitted and
scores: nothing it knows came after. Then the company is built as of its end, the scorecard left as it is. The labels of
that build say who defaulted within the year, and its monthly snapshots are scored by the same points.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.quality.page import Options, Section, Target
from clientele.ml import metrics, score_from_rows
from clientele.ml.feature_table import as_numbers
from clientele.monitoring import exact
from clientele.running import build

CUSTOMERS, SEED, YEARS = 20_000, 7, 4
END = date(2026, 1, 1)
SNAPSHOT = END - timedelta(days=365)
LEVEL = 0.9  # share of years in which chance keeps the defaults of a band within its interval
PSI_AT_MOST = 0.2  # the var drift_psi_from: beyond, a column counts as drifted
Vector = npt.NDArray[np.float64]

# As they were scored and decided on a year before the end. Labels are those of the end.
SCORED = f"""
select scores.customer_id, scores.score, scores.pd, scores.pd_lower, scores.pd_upper, scores.band, labels.is_default
from ml.ml_credit__scores as scores
inner join ml.ml_credit__labels as labels
    on scores.customer_id = labels.customer_id and scores.snapshot_date = labels.snapshot_date
where scores.snapshot_date = date '{SNAPSHOT}'
order by scores.customer_id
"""
# Who is scored at a snapshot, with what a scorecard reads.
MONTH = f"""
select features.*
from ml.ml_credit__population as population
inner join features.customer_features as features
    on population.customer_id = features.customer_id and population.snapshot_date = features.snapshot_date
where population.snapshot_date = date '{{month}}'
    and (population.is_training or population.snapshot_date = date '{END}')
order by features.customer_id
"""
# Of those who defaulted by their labels, who truly stopped paying.
STOPPED = f"""
select count(*), count(*) filter (where truth.defaulted_at < timestamp '{END}')
from ({SCORED}) as scored
left join read_parquet('{{truth}}') as truth on scored.customer_id = truth.customer_id
where scored.is_default
"""


def measure(options: Options) -> Section:
    """Metrics out of time, bands with their bounds beside what came, and the stability of scores month by month."""
    folder = options.scratch("credit_demo")
    home = folder / "warehouse"
    _build(folder, home, options)
    section = Section("credit_demo", "The scorecard against the demo company's borrowers, out of time")
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as con:
        card = _card(con)
        table = con.sql(SCORED).to_arrow_table()
        _overall(table, section)
        _bands(table, section)
        _months(con, card, section)
        labelled, stopped = con.execute(
            STOPPED.format(truth=folder / "exports" / "truth" / "customers.parquet")
        ).fetchall()[0]
        learnt = con.execute(
            "select learnt_from, learnt_to, n_rows from ml.ml_credit__fit where is_promoted"
        ).fetchall()[0]
    section.notes += [
        f"{CUSTOMERS:,} customers, seed {SEED}, {YEARS} years to {END}; fitted and scored as of {SNAPSHOT} with the"
        f" default vars, on {learnt[2]:,} rows of {learnt[0]} to {learnt[1]}.",
        "Defaults are those of `ml_credit__labels` as of the end: 90 days past due within the 365 days after, of"
        " customers who perform and borrow, or came to borrow within a month."
        f" Of {labelled:,} such, {stopped:,} stopped paying by the truth of the demo.",
        f"As many defaults as lie within {LEVEL:.0%} by chance, were the mean PD of the band right (exact binomial):"
        " that is what tells whether a band is calibrated. The bounds also hold what may move from year to year and"
        " what the fit cannot know of the level: few models would miss bounds so wide.",
        "PSI: ten groups of equal size by the score of the first month; the same points at every month. Below 0.1 is"
        f" commonly called stable, from {PSI_AT_MOST} a drift.",
    ]
    return section


def _build(folder: Path, home: Path, options: Options) -> None:
    clientele = str(Path(sys.executable).parent / "clientele")

    def run(*arguments: str) -> None:
        options.say("credit_demo: clientele " + " ".join(arguments[:1]))
        subprocess.run([clientele, *arguments], check=True, stdout=subprocess.DEVNULL)

    exports = folder / "exports"
    if not (exports / "mapping.yml").exists():
        numbers = ("--customers", str(CUSTOMERS), "--seed", str(SEED), "--years", str(YEARS), "--as-of", str(END))
        run("demo", "--out", str(exports), *numbers)
    # Versions that serve are kept: what an earlier run fitted would be reported as this one's.
    shutil.rmtree(home, ignore_errors=True)
    run("load", str(exports / "mapping.yml"), "--home", str(home))
    # Naming no fit, the second leaves the scorecard the one that knows nothing of the year.
    for day, select in ((SNAPSHOT, "+credit_scores"), (END, "+ml_credit__labels")):
        options.say(f"credit_demo: build {select} as of {day}")
        report = build(home, select=select, snapshot_date=f"{day}")
        if not report.succeeded:
            raise RuntimeError("\n".join(report.errors))


def _card(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of the scorecard that was fitted. Raises RuntimeError where none was promoted."""
    found = con.execute(
        "select scorecard_json from ml.ml_credit__fit where is_promoted and fitted_for = ?", [SNAPSHOT]
    ).fetchall()
    if not found:
        why = con.execute("select algorithm, gates_json from ml.ml_credit__fit order by fit_number").fetchall()
        raise RuntimeError(f"no scorecard was promoted: {why}")
    rows: list[dict[str, Any]] = json.loads(found[0][0])
    return rows


def _overall(table: pa.Table, section: Section) -> None:
    y, pd = as_numbers(table["is_default"]) > 0, as_numbers(table["pd"])
    found = metrics.of_probabilities(pd, y)
    found |= {"gini": 2 * found["auc"] - 1, "ks": metrics.kolmogorov_smirnov(pd, y), "mean_pd": float(pd.mean())}
    names = {"base_rate": "default rate", "mean_pd": "mean PD", "auc": "AUC", "gini": "Gini", "ks": "KS"}
    names |= {"brier": "Brier", "ece": "ECE"}
    section.tables.append(
        [["customers", "defaults", *names.values()]]
        + [[f"{len(y):,}", f"{y.sum():,}", *(f"{found[name]:.4f}" for name in names)]]
    )
    section.results["overall"] = {name: found[name] for name in names} | {"n": len(y), "n_default": int(y.sum())}
    section.targets.append(Target("credit demo: ECE out of time", found["ece"], at_most=0.03))


def _bands(table: pa.Table, section: Section) -> None:
    from scipy.stats import binom

    bands, y = np.array(table["band"].to_pylist()), as_numbers(table["is_default"]) > 0
    pd, lower, upper = (as_numbers(table[name]) for name in ("pd", "pd_lower", "pd_upper"))
    rows = [
        ["band", "customers", "mean PD", "bounds", "observed rate", "within"]
        + ["defaults", "90 % by chance", "within"]
    ]  # fmt: skip
    within_bounds, within_chance = list[bool](), list[bool]()
    for band in sorted(set(bands.tolist())):
        of = bands == band
        n, defaulted, mean = int(of.sum()), int(y[of].sum()), float(pd[of].mean())
        low, high, rate = float(lower[of].mean()), float(upper[of].mean()), defaulted / n
        fewest, most = (int(bound) for bound in binom.interval(LEVEL, n, mean))
        within_bounds.append(low <= rate <= high)
        within_chance.append(fewest <= defaulted <= most)
        rows.append(
            [band, f"{n:,}", f"{mean:.4f}", f"{low:.4f} to {high:.4f}", f"{rate:.4f}", _verdict(within_bounds[-1])]
            + [f"{defaulted:,}", f"{fewest:,} to {most:,}", _verdict(within_chance[-1])]
        )
        section.results.setdefault("bands", {})[band] = {
            "n": n, "pd": mean, "lower": low, "upper": high, "n_default": defaulted, "rate": rate,
            "is_inside": within_bounds[-1], "fewest": fewest, "most": most, "is_as_expected": within_chance[-1],
        }  # fmt: skip
    section.tables.append(rows)
    bounded, by_chance = float(np.mean(within_bounds)), float(np.mean(within_chance))
    section.targets += [
        Target("credit demo: share of bands with their rate within the mean bounds", bounded, at_least=1.0),
        # Of five bands chance puts one outside in a third of all years, two in one year of twelve: one may be.
        Target(
            "credit demo: share of bands with as many defaults as chance makes",
            by_chance,
            at_least=1 - 1 / len(within_chance),
        ),
    ]


def _verdict(is_within: bool) -> str:
    return "yes" if is_within else "**no**"


def _months(con: duckdb.DuckDBPyConnection, card: list[dict[str, Any]], section: Section) -> None:
    months = [
        row[0]
        for row in con.execute(
            "select distinct snapshot_date from ml.ml_credit__population where snapshot_date >= ? order by all",
            [SNAPSHOT],
        ).fetchall()
    ]
    rows, first, before, worst = (
        [["month", "scored", "mean score", "mean PD", "PSI to the first", "PSI to the one before"]],
        None,
        None,
        0.0,
    )
    for month in months:
        scores = score_from_rows.score(card, con.sql(MONTH.format(month=month)).to_arrow_table())
        first = scores if first is None else first
        edges = np.unique(np.quantile(first, np.linspace(0, 1, exact.BINS + 1)[1:-1]))
        since, step = _psi(first, scores, edges), _psi(scores if before is None else before, scores, edges)
        worst, before = max(worst, since), scores
        mean = score_from_rows.probability(card, scores).mean()
        rows.append(
            [f"{month}", f"{len(scores):,}", f"{scores.mean():.1f}", f"{mean:.4f}", f"{since:.4f}", f"{step:.4f}"]
        )
        section.results.setdefault("months", {})[f"{month}"] = {
            "n": len(scores), "mean_score": float(scores.mean()), "psi_to_first": since, "psi_to_before": step,
        }  # fmt: skip
    section.tables.append(rows)
    section.targets.append(Target("credit demo: PSI of scores over a year", worst, at_most=PSI_AT_MOST))


def _psi(reference: npt.NDArray[Any], current: npt.NDArray[Any], edges: Vector) -> float:
    counts = (np.bincount(np.searchsorted(edges, side, side="right")) for side in (reference, current))
    return exact.psi(*({place: int(n) for place, n in enumerate(side)} for side in counts))
