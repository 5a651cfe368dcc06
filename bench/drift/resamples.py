"""False alarms: snapshots of customers drawn from the reference itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from bench.drift.company import Checked, Company, missed
from bench.drift.page import Options, Section, percent
from clientele.monitoring import exact
from clientele.monitoring.results import Measurement
from clientele.monitoring.settings import Settings

SIZES = (5_000, 250)  # customers of the demo company; a small group
VARS = {
    "psi": "drift_psi_from",
    "wasserstein": "drift_wasserstein_from",
    "jensen_shannon": "drift_jensen_shannon_from",
    "null_rate_difference": "drift_null_rate_from",
    "new_category_share": "drift_new_category_from",
}


def measure(options: Options) -> Section:
    """Shares of alarms per measure, column and check, without and with the bounds of chance."""
    company = Company.of(options.home, options.settings.drift_reference_model)
    section = Section(
        "resamples",
        "False alarms: snapshots drawn from the reference",
        f"{options.resamples} snapshots of each size, of customers of the demo company drawn with replacement from what"
        f" the champion learnt from ({company.days.rows:,} rows of {company.days.n} months): nothing has drifted, every"
        f" alarm is false. {len(company.columns)} columns of {len(company.groups)} feature groups.",
    )
    for size in SIZES:
        runs = list(_runs(company, options, size))
        section.tables += _tables(company, runs, f"{size:,} customers", options.settings)
    for size in SIZES:
        runs = list(_halves(company, options, size))
        section.tables += _tables(company, runs, f"{size // 2:,} against {size // 2:,} others", options.settings)
    section.notes = [
        "Snapshots that are drawn from the reference hold no category, no null and no far value that it has not. So"
        f" {_n_halves(options)} times of each size the customers are split by lot: a half is the reference, and the"
        " snapshot is drawn from the other."
    ]
    return section


def _n_halves(options: Options) -> int:
    return max(options.resamples // 5, 1)  # each has a reference of its own to learn


def _halves(company: Company, options: Options, size: int) -> Iterator[list[Measurement]]:
    for number in range(_n_halves(options)):
        lot = f"hash(customer_id || '|{options.seed + number}') % {2 * SIZES[0]}"
        one, other = (
            f"select * from reference where {lot} >= {first} and {lot} < {first + size}" for first in (0, SIZES[0])
        )
        days = exact.days_of(company.connection, one)
        assert days is not None
        checked = Checked(company.connection, one, days, options.settings, company.columns)
        yield checked.against(company.drawn(size // 2, options.seed + number, other))
    options.say(f"{size:,} customers: {_n_halves(options)} splits")


def _tables(
    company: Company, runs: list[list[Measurement]], label: str, settings: Settings
) -> list[list[list[str]]]:  # fmt: skip
    return [_by_measure(runs, label, settings), _by_check(company, runs, label)]


def _runs(company: Company, options: Options, size: int) -> list[list[Measurement]]:
    relation = "select * from reference"
    if size < SIZES[0]:  # a small group has learnt from few, too
        relation += f" where hash(customer_id) % {SIZES[0]} < {size}"
    days = exact.days_of(company.connection, relation)
    assert days is not None
    checked = Checked(company.connection, relation, days, options.settings, company.columns)
    runs = []
    for number in range(options.resamples):
        runs.append(checked.against(company.drawn(size, options.seed + number)))
        if (number + 1) % 50 == 0:
            options.say(f"{size:,} customers: {number + 1} resamples")
    return runs


def _by_measure(runs: list[list[Measurement]], label: str, settings: Settings) -> list[list[str]]:
    plain = {measure: getattr(settings, name) for measure, name in VARS.items()}
    rows = [[f"{label}: measure", "columns", "median", "99 %", "99.9 %", "largest", "var", "alarms a column",
             "beyond the var"]]  # fmt: skip
    by_name = defaultdict(list)
    for run in runs:
        for m in run:
            if m.value is not None:
                by_name[m.measure].append(m)
    for name, measures in sorted(by_name.items()):
        values = np.array([m.value for m in measures], dtype=float)
        low, high, higher = np.quantile(values, [0.5, 0.99, 0.999])
        rows.append([
            name, str(len({m.column for m in measures})), f"{low:.4f}", f"{high:.4f}", f"{higher:.4f}",
            f"{values.max():.4f}", f"{plain[name]:g}", percent(np.mean([m.status == "warn" for m in measures])),
            percent(float(np.mean(values >= plain[name]))),
        ])  # fmt: skip
    return rows


def _by_check(company: Company, runs: list[list[Measurement]], label: str) -> list[list[str]]:
    alarms = Counter(
        group for run in runs for group, names in company.groups.items() if any(m.column in names for m in missed(run))
    )
    rows = [[f"{label}: check", "columns", "snapshots with an alarm"]]
    for group, names in company.groups.items():
        rows.append([group, str(len(names)), f"{alarms[group]} of {len(runs)}"])
    return rows
