"""Customer value on UCI Online Retail: what each customer spends from July to December, told in July.

Ours learns from the earlier cuts whose outcomes were known in July, and is chosen by `clv.choose` from those alone. A
customer-day's value is the net of its lines and counts where it is above 0, before the cut as after it: what was given
back on another day is in neither, so that nothing is left to refund.
"""

from __future__ import annotations

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

FIRST_DAY, CUT, HORIZON = date(2010, 12, 1), date(2011, 7, 10), 153
HISTORY = (CUT - FIRST_DAY).days
# Thirty days apart; the outcomes of the newest are known at the cut, the oldest has a month of orders before it.
CUTS = [CUT - timedelta(days=HORIZON + 30 * age) for age in range(2)]
LABEL = f"spend_next_{HORIZON}d"
KEYS = ("customer_id", "snapshot_date", "is_churned", LABEL)
NAIVE, MODELS = f"naive: spend x {HORIZON} / {HISTORY}", "BG/NBD + Gamma-Gamma"
Vector = npt.NDArray[np.float64]


def spend_after(con: duckdb.DuckDBPyConnection, table: pa.Table, cut: date) -> Vector:
    """Of the customers of a cut, in their order."""
    days = con.execute(
        "select customer_id, sum(spend)::double as spend from days"
        f" where spend > 0 and day >= date '{cut}' and day < date '{cut}' + {HORIZON} group by all"
    ).fetchall()
    spent = dict(days)
    return np.array([spent.get(customer, 0.0) for customer in table["customer_id"].to_pylist()])


def labelled(folder: Path, cuts: list[date]) -> pa.Table:
    """Customers at the cuts, with what they spent within the horizon."""
    tables = []
    with connect(folder) as con:
        for cut in sorted(cuts):
            table = customers(con, [cut], horizon=HORIZON)
            share = table.schema.get_field_index("refund_lifetime_share")
            table = table.set_column(share, "refund_lifetime_share", pa.array(np.zeros(len(table))))
            tables.append(table.append_column(LABEL, pa.array(spend_after(con, table, cut))))
    return pa.concat_tables(tables)


def ours(train: pa.Table, test: pa.Table, seed: int) -> tuple[clv.Candidate, dict[str, Vector], list[clv.Candidate]]:
    """The champion; by algorithm the values of the test customers; and all candidates."""
    candidates = clv.fit(train, learnable(train.schema, KEYS), seed=seed, horizons=[HORIZON])
    best = clv.choose(candidates)
    assert best is not None
    told = {c.algorithm: c.fitted.score(test)[f"clv_{HORIZON}d"] for c in candidates if c.fitted}
    return best, told, candidates


@single_threaded
def simpler(test: pa.Table, seed: int) -> dict[str, Vector]:
    """The naive rule, and the purchase models as published, fitted on the histories up to the cut."""
    known = Customers.of(test)
    models = PurchaseValue.fit(known, BgNbd, seed=seed)
    return {NAIVE: known.spend * HORIZON / HISTORY, MODELS: models.value(known, HORIZON)}


def measure(options: Options) -> Section:
    """Every algorithm of ours beside the rule and the purchase models."""
    folder = options.data_set("online_retail")
    train, test = labelled(folder, CUTS), labelled(folder, [CUT])
    options.say("clv_online_retail: ours")
    best, of_ours, others = ours(train, test, options.seed)
    told = {f"**ours**: {best.algorithm}": of_ours[best.algorithm], **simpler(test, options.seed)}
    told |= {f"ours: {name}": value for name, value in of_ours.items() if name != best.algorithm}
    section = _section(told, as_numbers(test[LABEL]), best, train, options)
    section.notes += [f"Not fitted: {c.algorithm} ({c.message})." for c in others if not c.fitted]
    rule = next(c for c in others if c.algorithm == LAST_RESORT)
    section.notes.append(
        f"What was known of them in July: {_before(best)}; {_before(rule)}, which a month or two of orders extrapolate."
    )
    return section


def _before(candidate: clv.Candidate) -> str:
    """What was known of a candidate when it was chosen or not."""
    return f"{candidate.algorithm} MAE {candidate.mean('mae'):.0f}, D2 {candidate.mean('d2'):.3f}"


def _section(
    told: dict[str, Vector], realised: Vector, best: clv.Candidate, train: pa.Table, options: Options
) -> Section:
    scores = {name: metrics.of_values(value, realised) for name, value in told.items()}
    first = next(iter(told))
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
    found = value_differences(told[first], told[NAIVE], realised, seed=options.seed)
    section.tables = [rows, [["ours against the naive rule", "difference", "95 % of 1,000 draws"]]]
    section.tables[1] += [
        [metric, f"{d:+.4f}", f"{low:+.4f} to {high:+.4f}"] for metric, (d, low, high) in found.items()
    ]
    section.results = {"champion": champion, "algorithm": best.algorithm, "models": scores}
    section.notes = [
        f"UCI Online Retail (CC BY 4.0). {len(realised):,} customers at {CUT}, who spent {realised.sum():,.0f} in the"
        f" {HORIZON} days after it. Learnt from {len(train):,} rows of {', '.join(map(str, sorted(CUTS)))}.",
        f"How ours could be measured before July: {', '.join(sorted({r['protocol'] for r in best.performance}))};"
        " no two windows fit behind each other in the seven months.",
    ]
    return section
