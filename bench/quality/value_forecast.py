"""What customers spend after a cut, told at it: every algorithm of ours beside the naive rule and published models.

Ours learns from the earlier cuts whose outcomes were known at the cut, within 90 days as the warehouse does and within
the days that are asked for, and is chosen by `clv.choose` from those alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.quality.bootstrap import value_differences
from bench.quality.online_retail_data import customers
from clientele.ml import clv, metrics
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.feature_table import as_numbers, learnable
from clientele.ml.purchase_value import Customers, PurchaseValue
from clientele.ml.threads import single_threaded

MONTH = timedelta(days=30)
NAIVE, MODELS = "naive: spend x days ahead / days known", "BG/NBD + Gamma-Gamma"
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """What is told at a cut, of as many days as are asked for or still to come."""

    cut: date
    first_day: date  # of the data, as the last
    last_day: date
    longest: int

    @property
    def days(self) -> int:
        """How far it looks ahead."""
        return min(self.longest, (self.last_day - self.cut).days + 1)

    @property
    def horizons(self) -> list[int]:
        """Those that are learnt: the warehouse's own besides."""
        return sorted({clv.HORIZONS[0], self.days})

    @property
    def earlier(self) -> list[date]:
        """Cuts to learn from, a month apart: the newest with a known outcome, the oldest with a month before it."""
        found = [self.cut - timedelta(days=self.horizons[0])]
        while found[0] - MONTH >= self.first_day + MONTH:
            found.insert(0, found[0] - MONTH)
        return found

    def learnable(self, table: pa.Table) -> list[str]:
        """The columns of a table of customers that are no keys or outcomes."""
        outcomes = (f"spend_next_{days}d" for days in self.horizons)
        return learnable(table.schema, ("customer_id", "snapshot_date", "is_churned", *outcomes))


def spend_after(con: duckdb.DuckDBPyConnection, table: pa.Table, cut: date, horizon: int) -> Vector:
    """Of the customers of a cut, in their order."""
    days = con.execute(
        "select customer_id, sum(spend)::double as spend from days"
        f" where spend > 0 and day >= date '{cut}' and day < date '{cut}' + {horizon} group by all"
    ).fetchall()
    spent = dict(days)
    return np.array([spent.get(customer, 0.0) for customer in table["customer_id"].to_pylist()])


def labelled(con: duckdb.DuckDBPyConnection, cuts: list[date], horizons: list[int], known_until: date) -> pa.Table:
    """Customers at the cuts, with what they spent within the horizons that had passed; null within others."""
    tables = []
    for cut in cuts:
        table = customers(con, [cut], horizon=max(horizons))
        share = table.schema.get_field_index("refund_lifetime_share")
        table = table.set_column(share, "refund_lifetime_share", pa.array(np.zeros(len(table))))
        for days in horizons:
            has_passed = cut + timedelta(days=days) <= known_until
            spent = pa.array(spend_after(con, table, cut, days)) if has_passed else pa.nulls(len(table), pa.float64())
            table = table.append_column(f"spend_next_{days}d", spent)
        tables.append(table)
    return pa.concat_tables(tables)


@dataclass(frozen=True)
class Told:
    """What was told at a cut by the champion and by others, and what came."""

    of: Forecast
    train: pa.Table
    test: pa.Table
    best: clv.Candidate
    candidates: list[clv.Candidate]
    values: dict[str, Vector]

    @property
    def scored(self) -> dict[str, Vector]:
        """All that the champion says of the test customers."""
        assert self.best.fitted
        return self.best.fitted.score(self.test)

    @property
    def realised(self) -> Vector:
        """What the test customers spent."""
        return as_numbers(self.test[f"spend_next_{self.of.days}d"])

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Metrics by name; the champion comes first."""
        return {name: metrics.of_values(value, self.realised) for name, value in self.values.items()}


def tell(con: duckdb.DuckDBPyConnection, of: Forecast, seed: int) -> Told:
    """Every algorithm of ours, fitted on what was known at the cut, beside the rule and the published models."""
    train = labelled(con, of.earlier, of.horizons, of.cut)
    test = labelled(con, [of.cut], [of.days], of.cut + timedelta(days=of.days))
    candidates = clv.fit(train, of.learnable(train), seed=seed, horizons=of.horizons)
    best = clv.choose(candidates)
    assert best is not None
    ours = {c.algorithm: c.fitted.score(test)[f"clv_{of.days}d"] for c in candidates if c.fitted}
    values = {f"**ours**: {best.algorithm}": ours[best.algorithm], **simpler(test, of, seed)}
    values |= {f"ours: {name}": value for name, value in ours.items() if name != best.algorithm}
    return Told(of, train, test, best, candidates, values)


@single_threaded
def simpler(test: pa.Table, of: Forecast, seed: int) -> dict[str, Vector]:
    """The naive rule, and the purchase models as published, fitted on the histories up to the cut."""
    known = Customers.of(test)
    models = PurchaseValue.fit(known, BgNbd, seed=seed)
    return {NAIVE: known.spend * of.days / (of.cut - of.first_day).days, MODELS: models.value(known, of.days)}


def scores_table(scores: dict[str, dict[str, float]]) -> list[list[str]]:
    """A row a model, with its header."""
    return [["model", "predicted / actual", "MAE", "Gini", "Tweedie D2"]] + [
        [name, f"{1 + s['bias']:.3f}", f"{s['mae']:.1f}", f"{s['gini']:.4f}", f"{s['d2']:.4f}"]
        for name, s in scores.items()
    ]


Differences = dict[str, dict[str, tuple[float, float, float]]]


def differences(values: dict[str, Vector], realised: Vector, seed: int) -> Differences:
    """MAE and Gini of the first less those of each other, with bounds; by name."""
    first, *others = values
    return {name: value_differences(values[first], values[name], realised, seed=seed) for name in others}


def differences_table(found: Differences) -> list[list[str]]:
    """A row a model, with its header."""
    return [["ours against", "MAE", "Gini"]] + [
        [
            name,
            *(f"{of[m][0]:+.{d}f} ({of[m][1]:+.{d}f} to {of[m][2]:+.{d}f})" for m, d in (("MAE", 1), ("Gini", 4))),
        ]
        for name, of in found.items()
    ]
