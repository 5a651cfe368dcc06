"""CDNOW: BG/NBD, Pareto/NBD and Gamma-Gamma beside what was published on them.

Fader, Hardie & Lee (2005) fit BG/NBD and Pareto/NBD on the repeat purchases of 39 weeks (days with a purchase count
once) and look at the 39 weeks that follow; Fader & Hardie (2013) fit Gamma-Gamma on the repeat buyers of the former.
The warehouse's champion, which learns from earlier days of these 39 weeks, tells the value of the same customers in the
39 weeks that follow.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.quality import lifetimes_peer
from bench.quality.page import Options, Section, Target
from bench.quality.value_forecast import MODELS, Forecast, differences, differences_table, scores_table, tell
from clientele.ml import metrics
from clientele.ml.bg_nbd import BgNbd
from clientele.ml.gamma_gamma import GammaGamma
from clientele.ml.histories import Histories
from clientele.ml.pareto_nbd import ParetoNbd

CUT, WEEKS, MOST = date(1997, 9, 30), 39, 7
Vector = npt.NDArray[np.float64]
OURS = Forecast(CUT + timedelta(days=1), date(1997, 1, 1), date(1998, 6, 30), 7 * WEEKS)
PUBLISHED = {
    "BG/NBD": {"r": (0.243, 3), "alpha": (4.414, 3), "a": (0.793, 3), "b": (2.426, 3), "log_likelihood": (-9582.4, 1)},
    "Pareto/NBD": {
        "r": (0.553, 3), "alpha": (10.578, 3), "s": (0.606, 3), "beta": (11.669, 3), "log_likelihood": (-9595.0, 1),
    },
    "Gamma-Gamma": {"p": (6.25, 2), "q": (3.74, 2), "gamma": (15.44, 2)},
}  # fmt: skip
# Holdout: purchases expected / realised and mean absolute error of a customer, as tests/real_data has them.
HOLDOUT = {"BG/NBD": (0.879, 0.786), "Pareto/NBD": (0.885, 0.755)}
# Holdout purchases expected by calibration purchases 0 to 6 and 7 or more, as BTYD prints them.
CURVES = {
    "BG/NBD": [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.505, 6.157],
    "Pareto/NBD": [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403],
}


@dataclass(frozen=True)
class Sample:
    """Customers; weeks are the unit of time. `later` is the purchases of the holdout, `spent_later` their value."""

    histories: Histories
    later: Vector
    spent_later: Vector
    repeat_value: Vector  # mean of one; nan where there are none
    days: pa.Table  # customer-days: customer_id, day, units, spend


def read(folder: Path) -> Sample:
    """The sample of a tenth of CDNOW's customers, by id."""
    spent: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    units: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for line in sorted((folder / "CDNOW_sample.txt").read_text().splitlines()):
        master, _, day, cds, dollars = line.split()
        spent[master][date.fromisoformat(day)] += float(dollars)
        units[master][date.fromisoformat(day)] += int(cds)
    x, t_x, age, later, after, value = np.array([_customer(days) for days in spent.values()]).T
    rows = [(master, day, units[master][day], spend) for master, of in spent.items() for day, spend in of.items()]
    days = pa.table(
        dict(zip(("customer_id", "day", "units", "spend"), map(list, zip(*rows, strict=True)), strict=True))
    )
    return Sample(Histories(x, t_x, age), later, after, value, days)


def _customer(days: dict[date, float]) -> tuple[float, ...]:
    first, *repeats = sorted(days)
    known, later = [day for day in repeats if day <= CUT], [day for day in repeats if day > CUT]
    last = known[-1] if known else first
    value = float(np.mean([days[day] for day in known])) if known else np.nan
    times = (last - first).days / 7, (CUT - first).days / 7
    return len(known), *times, len(later), sum(days[day] for day in later), value


def measure(options: Options) -> Section:
    """Parameters, holdout and the curve by frequency."""
    sample = read(options.data_set("cdnow"))
    spend = GammaGamma.fit(sample.histories.x, sample.repeat_value)
    models: dict[str, BgNbd | ParetoNbd] = {
        "BG/NBD": BgNbd.fit(sample.histories),
        "Pareto/NBD": ParetoNbd.fit(sample.histories),
    }
    section = Section("cdnow", "Purchase models as published (CDNOW)")
    section.tables = [[["model", "parameter", "published", "ours"]]]
    for name, model in {**models, "Gamma-Gamma": spend}.items():
        _parameters(name, model, section)
    section.tables.append([["holdout", "purchases expected / realised", "MAE", "spend expected / realised"]])
    section.tables.append([[f"purchases in {WEEKS} weeks after", *map(str, range(MOST)), f"{MOST}+"]])
    section.tables[2].append(["realised", *(f"{mean:.3f}" for mean in by_frequency(sample, sample.later))])
    for name, model in models.items():
        _holdout(name, model.expected_purchases(sample.histories, WEEKS), spend, sample, section)
    section.notes = [
        f"{len(sample.histories):,} customers, {int(sample.histories.n_repeat_buyers)} of them with repeat purchases by"
        f" {CUT}; both models expect too little, as their references do.",
        "Published: Fader, Hardie & Lee (2005), Fader & Hardie (2013). References: the curves as the BTYD package"
        " prints them; ratio and MAE as tests/real_data holds these models to.",
    ]
    options.say("cdnow: the champion and lifetimes")
    _values(sample, models, spend, section, options)
    return section


def _parameters(name: str, model: BgNbd | ParetoNbd | GammaGamma, section: Section) -> None:
    section.results[name] = {parameter: float(getattr(model, parameter)) for parameter in PUBLISHED[name]}
    for parameter, (value, digits) in PUBLISHED[name].items():
        found = section.results[name][parameter]
        section.tables[0].append([name, parameter, f"{value:.{digits}f}", f"{found:.{digits}f}"])
    off = max(
        abs(section.results[name][parameter] - value) / (10**-digits)
        for parameter, (value, digits) in PUBLISHED[name].items()
    )
    section.targets.append(
        Target(f"{name}: furthest from published, units of the last digit", off, at_most=1.0, digits=2)
    )


def _values(
    sample: Sample, models: dict[str, BgNbd | ParetoNbd], spend: GammaGamma, section: Section, options: Options
) -> None:
    """The champion's values beside those of the published models, by ours and by lifetimes, of the same customers."""
    columns = "*, null::integer as products, 0::double as refund, 0 as n_returns, null::varchar as country"
    with duckdb.connect() as con:
        con.register("customer_days", sample.days)
        con.execute(f"create table days as select {columns} from customer_days")
        told = tell(con, OURS, options.seed)
    valued = np.isin(sample.days["customer_id"].unique().to_pylist(), told.test["customer_id"].to_pylist())
    value = spend.expected_spend(sample.histories.x, sample.repeat_value)
    champion = next(iter(told.values))
    values = {name: of for name, of in told.values.items() if name != MODELS}
    purchases = {champion: told.scored[f"expected_purchases_{OURS.days}d"]}
    for name, model in models.items():
        purchases[f"{name} + Gamma-Gamma, as published"] = model.expected_purchases(sample.histories, WEEKS)[valued]
        values[f"{name} + Gamma-Gamma, as published"] = purchases[f"{name} + Gamma-Gamma, as published"] * value[valued]
    rows = lifetimes_peer.table(sample.histories, sample.histories.x, sample.repeat_value)
    peer = lifetimes_peer.forecasts("cdnow", rows, rows, WEEKS, options)
    values |= {name: of[valued] for name, of in peer.named_values.items()}
    purchases |= {f"lifetimes: {lifetimes_peer.NAMES[name]}": of[valued] for name, of in peer.purchases.items()}
    scores = {name: metrics.of_values(of, told.realised) for name, of in values.items()}
    found = differences(values, told.realised, options.seed)
    later = sample.later[valued]
    of_purchases = {n: (float(p.sum() / later.sum()), float(np.abs(p - later).mean())) for n, p in purchases.items()}
    section.tables += [
        scores_table(scores),
        differences_table(found),
        [["purchases in the same weeks of the same customers", "expected / realised", "MAE"]]
        + [[name, f"{ratio:.3f}", f"{mae:.3f}"] for name, (ratio, mae) in of_purchases.items()],
    ]
    section.versions = peer.versions
    section.results["values"] = {"models": scores, "differences": found, "purchases": of_purchases}
    section.notes += [
        f"Values: {valued.sum():,} customers, without {(~valued).sum()} who had spent nothing until {CUT}. Ours learnt"
        f" from {len(told.train):,} rows of {', '.join(map(str, OURS.earlier))} what came within {OURS.horizons[0]}"
        f" days: no window of {OURS.days} days had passed, so that is carried on.",
        "In brackets: 95 % of 1,000 draws of the customers. Purchases of ours are of its purchase model, fitted at the"
        f" newest of these days; those of the published ones of histories until {CUT}.",
        *peer.notes,
    ]


def by_frequency(sample: Sample, values: Vector) -> list[float]:
    """Means by calibration purchases 0 to 6 and 7 or more."""
    group = np.minimum(sample.histories.x, MOST)
    return [float(values[group == x].mean()) for x in range(MOST + 1)]


def _holdout(name: str, expected: Vector, spend: GammaGamma, sample: Sample, section: Section) -> None:
    ratio = float(expected.sum() / sample.later.sum())
    mae = float(np.abs(expected - sample.later).mean())
    value = spend.expected_spend(sample.histories.x, sample.repeat_value)
    spent = float((expected * value).sum() / sample.spent_later.sum())
    curve = by_frequency(sample, expected)
    section.tables[1].append([name, f"{ratio:.3f}", f"{mae:.3f}", f"{spent:.3f}"])
    section.tables[1].append([f"{name}, reference", *(f"{figure:.3f}" for figure in HOLDOUT[name]), ""])
    section.tables[2].append([name, *(f"{mean:.3f}" for mean in curve)])
    section.tables[2].append([f"{name}, reference", *(f"{mean:.3f}" for mean in CURVES[name])])
    known_ratio, known_mae = HOLDOUT[name]
    furthest = max(abs(one - other) for one, other in zip(curve, CURVES[name], strict=True))
    section.targets += [
        Target(f"{name}: holdout ratio, off by", abs(ratio - known_ratio), at_most=0.001),
        Target(f"{name}: holdout MAE, off by", abs(mae - known_mae), at_most=0.001),
        Target(f"{name}: curve by frequency, off by", furthest, at_most=0.001),
    ]
    section.results[name] |= {"ratio": ratio, "mae": mae, "spend_ratio": spent}
