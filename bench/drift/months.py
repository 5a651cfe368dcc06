"""Drift that is there: each month of the demo company's last year against what a champion would have learnt from."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from bench.drift.company import Checked, Company, missed
from bench.drift.page import Options, Section, percent
from clientele.monitoring import exact
from clientele.monitoring.results import Measurement

HORIZON = timedelta(days=90)
MONTHS = 12
BURSTY = "feat_marketing"
CANDIDATES = {
    "psi": (0.1, 0.2, 0.3, 0.4, 0.6, 0.9),
    "wasserstein": (0.1, 0.2, 0.3, 0.4, 0.6, 0.9),
    "jensen_shannon": (0.02, 0.05, 0.1),
    "null_rate_difference": (0.01, 0.02, 0.05, 0.1, 0.15),
    "new_category_share": (0.001, 0.005, 0.01),
}


def measure(options: Options) -> Section:
    """Shares of columns beyond candidate thresholds, by measure and by how the column is compared."""
    company = Company.of(options.home, options.settings.drift_reference_model)
    runs = _runs(company, options)
    pooled = {c.name: c.is_pooled for c in company.columns}
    bursty = set(company.groups.get(BURSTY, []))
    return Section(
        "months",
        "Months as they came",
        f"The last {len(runs)} months of the demo company, each against all months that had matured by then. Nothing is"
        " broken here, but the company ages, has seasons and runs campaigns: what a threshold has to let pass.",
        [_by_candidate(runs, pooled, bursty), _by_month(runs), _most_frequent(runs, pooled)],
        [f"Without campaigns: without the columns of {BURSTY}, which come in bursts and truly differ by month."],
    )


def _runs(company: Company, options: Options) -> dict[date, list[Measurement]]:
    days = [
        row[0] for row in company.connection.execute("select distinct snapshot_date from months order by 1").fetchall()
    ]
    runs = {}
    for day in days[-MONTHS:]:
        relation = company.between(days[0], day - HORIZON)
        window = exact.days_of(company.connection, relation)
        assert window is not None
        checked = Checked(company.connection, relation, window, options.settings, company.columns)
        runs[day] = checked.against(company.between(day, day))
        options.say(f"{day}: {len({m.column for m in missed(runs[day])})} columns")
    return runs


def _by_candidate(runs: dict[date, list[Measurement]], pooled: dict[str, bool], bursty: set[str]) -> list[list[str]]:
    rows = [["measure", "compared with", "columns", "median", "90 %", "99 %", "share of columns and months beyond",
             "without campaigns"]]  # fmt: skip
    values = defaultdict(list)
    for m in (m for run in runs.values() for m in run if m.value is not None):
        values[m.measure, pooled[m.column or ""]].append((m.column, m.value))
    for (name, is_pooled), found in sorted(values.items()):
        numbers = np.array([value for _, value in found])
        steady = np.array([value for column, value in found if column not in bursty])
        middle, high, higher = np.quantile(numbers, [0.5, 0.9, 0.99])
        rows.append([
            name, "all months" if is_pooled else "newest month", str(len({column for column, _ in found})),
            f"{middle:.3f}", f"{high:.3f}", f"{higher:.3f}", _beyond(numbers, name), _beyond(steady, name),
        ])  # fmt: skip
    return rows


def _beyond(values: np.ndarray, measure: str) -> str:
    return ", ".join(f"{limit:g}: {percent(float(np.mean(values >= limit)))}" for limit in CANDIDATES[measure])


def _by_month(runs: dict[date, list[Measurement]]) -> list[list[str]]:
    rows = [["month", "columns that drift", "worst"]]
    for day, run in runs.items():
        found = sorted(missed(run), key=lambda m: -m.excess)
        worst = list(dict.fromkeys(m.column or "" for m in found))
        rows.append([f"{day}", str(len(worst)), ", ".join(worst[:4])])
    return rows


def _most_frequent(runs: dict[date, list[Measurement]], pooled: dict[str, bool]) -> list[list[str]]:
    months = defaultdict(set)
    for day, run in runs.items():
        for m in missed(run):
            months[m.column or ""].add(day)
    rows = [["column that drifts most often", "compared with", "months"]]
    for column, days in sorted(months.items(), key=lambda item: (-len(item[1]), item[0]))[:12]:
        rows.append([column, "all months" if pooled[column] else "newest month", str(len(days))])
    return rows
