"""Customer value on UCI Online Retail: what each customer spends from July to December, told in July.

Ours learns from the earlier cuts whose outcomes were known in July, within 90 days as the warehouse does and within the
153 that are asked for, and is chosen by `clv.choose` from those alone. The same is done on other days, as one day tells
little of a difference in order: it hangs on the few customers who spend most. A customer-day's value is the net of its
lines and counts where it is above 0, before the cut as after it: what was given back on another day is in neither, so
that nothing is left to refund.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.quality.bootstrap import value_differences
from bench.quality.online_retail_data import connect, customers
from bench.quality.page import Options, Section, Target
from clientele.ml import clv, metrics
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.feature_table import as_numbers, learnable
from clientele.ml.purchase_value import Customers, PurchaseValue
from clientele.ml.threads import single_threaded
from clientele.ml.value_fit import LAST_RESORT

FIRST_DAY, LAST_DAY = date(2010, 12, 1), date(2011, 12, 9)
CUT, LONGEST, MONTH = date(2011, 7, 10), 153, timedelta(days=30)
OTHER_CUTS = [date(2011, month, 10) for month in (5, 6, 8, 9)]
NAIVE, MODELS = "naive: spend x days ahead / days known", "BG/NBD + Gamma-Gamma"
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """What is told at a cut, of as many days as are asked for or still to come."""

    cut: date

    @property
    def days(self) -> int:
        """How far it looks ahead."""
        return min(LONGEST, (LAST_DAY - self.cut).days + 1)

    @property
    def horizons(self) -> list[int]:
        """Those that are learnt: the warehouse's own besides."""
        return sorted({clv.HORIZONS[0], self.days})

    @property
    def earlier(self) -> list[date]:
        """Cuts to learn from, a month apart: the newest with a known outcome, the oldest with a month before it."""
        found = [self.cut - timedelta(days=self.horizons[0])]
        while found[0] - MONTH >= FIRST_DAY + MONTH:
            found.insert(0, found[0] - MONTH)
        return found


def spend_after(con: duckdb.DuckDBPyConnection, table: pa.Table, cut: date, horizon: int) -> Vector:
    """Of the customers of a cut, in their order."""
    days = con.execute(
        "select customer_id, sum(spend)::double as spend from days"
        f" where spend > 0 and day >= date '{cut}' and day < date '{cut}' + {horizon} group by all"
    ).fetchall()
    spent = dict(days)
    return np.array([spent.get(customer, 0.0) for customer in table["customer_id"].to_pylist()])


def labelled(folder: Path, cuts: list[date], horizons: list[int], known_until: date) -> pa.Table:
    """Customers at the cuts, with what they spent within the horizons that had passed; null within others."""
    tables = []
    with connect(folder) as con:
        for cut in cuts:
            table = customers(con, [cut], horizon=max(horizons))
            share = table.schema.get_field_index("refund_lifetime_share")
            table = table.set_column(share, "refund_lifetime_share", pa.array(np.zeros(len(table))))
            for days in horizons:
                has_passed = cut + timedelta(days=days) <= known_until
                spent = (
                    pa.array(spend_after(con, table, cut, days)) if has_passed else pa.nulls(len(table), pa.float64())
                )
                table = table.append_column(f"spend_next_{days}d", spent)
            tables.append(table)
    return pa.concat_tables(tables)


@dataclass(frozen=True)
class Told:
    """What was told at a cut by the champion and by others, and what came."""

    of: Forecast
    n_learnt: int
    best: clv.Candidate
    candidates: list[clv.Candidate]
    values: dict[str, Vector]
    realised: Vector

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Metrics by name; the champion comes first."""
        return {name: metrics.of_values(value, self.realised) for name, value in self.values.items()}


def tell(folder: Path, of: Forecast, seed: int) -> Told:
    """Every algorithm of ours, fitted on what was known at the cut, beside the rule and the published models."""
    train = labelled(folder, of.earlier, of.horizons, of.cut)
    test = labelled(folder, [of.cut], [of.days], of.cut + timedelta(days=of.days))
    keys = ("customer_id", "snapshot_date", "is_churned", *(f"spend_next_{days}d" for days in of.horizons))
    candidates = clv.fit(train, learnable(train.schema, keys), seed=seed, horizons=of.horizons)
    best = clv.choose(candidates)
    assert best is not None
    ours = {c.algorithm: c.fitted.score(test)[f"clv_{of.days}d"] for c in candidates if c.fitted}
    values = {f"**ours**: {best.algorithm}": ours[best.algorithm], **simpler(test, of, seed)}
    values |= {f"ours: {name}": value for name, value in ours.items() if name != best.algorithm}
    return Told(of, len(train), best, candidates, values, as_numbers(test[f"spend_next_{of.days}d"]))


@single_threaded
def simpler(test: pa.Table, of: Forecast, seed: int) -> dict[str, Vector]:
    """The naive rule, and the purchase models as published, fitted on the histories up to the cut."""
    known = Customers.of(test)
    models = PurchaseValue.fit(known, BgNbd, seed=seed)
    return {NAIVE: known.spend * of.days / (of.cut - FIRST_DAY).days, MODELS: models.value(known, of.days)}


def measure(options: Options) -> Section:
    """Every algorithm beside the rule and the published models, and the champion beside the rule on other days."""
    folder = options.data_set("online_retail")
    told = dict[date, Told]()
    for cut in sorted([CUT, *OTHER_CUTS]):
        options.say(f"clv_online_retail: {cut}")
        told[cut] = tell(folder, Forecast(cut), options.seed)
    section = _section(told[CUT], options.seed)
    section.tables.append(_on_other_days(list(told.values())))
    section.results["other_cuts"] = {str(cut): {"scores": one.scores} for cut, one in told.items() if cut != CUT}
    return section


def _section(told: Told, seed: int) -> Section:
    scores, days, realised = told.scores, told.of.days, told.realised
    first = next(iter(scores))
    champion, rule = scores[first], scores[NAIVE]
    section = Section("clv_online_retail", "Value of a gift shop's customers, out of time (Online Retail)")
    section.targets = [
        Target("MAE below the naive rule's", rule["mae"] - champion["mae"], at_least=0.0, digits=1),
        Target("Gini beyond the naive rule's", champion["gini"] - rule["gini"], at_least=0.0),
    ]
    rows = [["model", "predicted / actual", "MAE", "Gini", "Tweedie D2"]]
    rows += [
        [name, f"{1 + s['bias']:.3f}", f"{s['mae']:.1f}", f"{s['gini']:.4f}", f"{s['d2']:.4f}"]
        for name, s in scores.items()
    ]
    found = value_differences(told.values[first], told.values[NAIVE], realised, seed=seed)
    section.tables = [rows, [["ours against the naive rule", "difference", "95 % of 1,000 draws"]]]
    section.tables[1] += [
        [metric, f"{d:+.4f}", f"{low:+.4f} to {high:+.4f}"] for metric, (d, low, high) in found.items()
    ]
    section.results = {"champion": champion, "algorithm": told.best.algorithm, "models": scores, "differences": found}
    known = next(c for c in told.candidates if c.algorithm == LAST_RESORT)
    section.notes = [
        f"UCI Online Retail (CC BY 4.0). {len(realised):,} customers at {told.of.cut}, who spent"
        f" {realised.sum():,.0f} in the {days} days after it. Learnt from {told.n_learnt:,} rows of"
        f" {', '.join(map(str, told.of.earlier))}.",
        f"How ours could be measured before July: {', '.join(sorted({r['protocol'] for r in told.best.performance}))}."
        f" What was known of them: {_before(told.best)}; {_before(known)}.",
        *(f"Not fitted: {c.algorithm} ({c.message})." for c in told.candidates if not c.fitted),
    ]
    return section


def _before(candidate: clv.Candidate) -> str:
    """What was known of a candidate when it was chosen or not."""
    return f"{candidate.algorithm} MAE {candidate.mean('mae'):.0f}, D2 {candidate.mean('d2'):.3f}"


def _on_other_days(told: list[Told]) -> list[list[str]]:
    rows = [["told on", "days", "customers", "ours", "MAE", "naive", "Gini", "naive", "Tweedie D2", "naive"]]
    for one in told:
        ours, rule = next(iter(one.scores.values())), one.scores[NAIVE]
        figures = [f"{of[name]:.{d}f}" for name, d in (("mae", 1), ("gini", 4), ("d2", 4)) for of in (ours, rule)]
        rows.append([str(one.of.cut), str(one.of.days), f"{len(one.realised):,}", one.best.algorithm, *figures])
    return rows
