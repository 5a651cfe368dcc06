"""The reasons of the additive model beside SHAP's tree explainer on the same trees.

The trees each split on one feature only, so that what a feature adds is its Shapley value: against the same background
the two are the same numbers. What differs is the background: ours is the mean of all training rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from bench.quality import online_retail, peers
from bench.quality.online_retail_data import connect, customers
from bench.quality.page import Options, Section, Target
from clientele.ml import churn
from clientele.ml.boosting import AdditiveBoosting
from clientele.ml.feature_table import Feature, matrix
from clientele.ml.reasons import top_reasons
from clientele.ml.threads import single_threaded

ROWS, BACKGROUND = 500, 1_000
KINDS = {
    "interventional": f"SHAP, interventional, {BACKGROUND:,} training rows",
    "tree_path_dependent": "SHAP, path-dependent",
}
Vector = npt.NDArray[np.float64]


@dataclass
class Explained:
    """A model and the rows it is asked about: `x` of the customers, `background` of some training rows."""

    model: AdditiveBoosting
    features: list[Feature]
    x: Vector
    background: Vector
    learn: Vector
    y: npt.NDArray[np.bool_]


@single_threaded
def explained(options: Options) -> Explained:
    """Online Retail as in the part of that name: numbers only, as TreeExplainer knows no categories of scikit-learn."""
    with connect(options.data_set("online_retail")) as con:
        train, test = customers(con, online_retail.SNAPSHOTS), customers(con, [online_retail.TEST])
    features = [feature for feature in churn.examples_of(train).features if not feature.is_category]
    learn, y, x = matrix(train, features), online_retail.outcome(train), matrix(test, features)
    rng = np.random.default_rng(options.seed)
    drawn = (rng.choice(len(of), n, replace=False) for of, n in ((x, ROWS), (learn, BACKGROUND)))
    at, behind = (np.sort(places) for places in drawn)
    return Explained(AdditiveBoosting.fit(learn, y, features), features, x[at], learn[behind], learn, y)


def measure(options: Options) -> Section:
    """Agreement and seconds; ours as stored, and ours against SHAP's background."""
    of = explained(options)
    began = time.perf_counter()
    ours = of.model.contributions(of.x)
    top_reasons(ours)
    seconds = {"ours": time.perf_counter() - began}
    section = Section("reasons", "Reasons beside SHAP")
    try:
        told, found = _shap(of, ours, options)
    except RuntimeError as error:
        section.notes.append(f"SHAP did not run: {error}")
        return section
    seconds |= {kind: found[f"{kind}_seconds"] for kind in KINDS}
    same_background = ours - of.model.contributions(of.background).mean(axis=0)
    pairs = {
        "ours as stored": {kind: agreement(ours, told[kind]) for kind in KINDS},
        "ours against the same background": {"interventional": agreement(same_background, told["interventional"])},
    }
    section.versions = {"SHAP": found["shap"]}
    section.tables = [_agreements(pairs), _seconds(seconds)]
    section.results = {"agreement": pairs, "seconds_per_1000": {k: s / ROWS * 1_000 for k, s in seconds.items()}}
    section.targets = _targets(pairs, found["differs_by"])
    section.notes = [
        f"{ROWS} customers of Online Retail, {len(of.features)} features, {len(of.y):,} training rows; the trees that"
        f" SHAP explains give the same log-odds as ours, to {found['differs_by']:.0e}.",
        "Top 1, top 3: share of customers whose score the same feature, the same three in any order, move most.",
    ]
    return section


def _shap(of: Explained, ours: Vector, options: Options) -> tuple[dict[str, Vector], dict[str, float]]:
    folder, names = options.scratch("reasons"), [feature.name for feature in of.features]
    log_odds = of.model.intercept + ours.sum(axis=1)
    for name, x, more in (
        ("learn", of.learn, {"y": of.y}),
        ("rows", of.x, {"log_odds": log_odds}),
        ("background", of.background, {}),
    ):
        columns = dict(zip(names, of.model.binned(x).T, strict=True))
        pq.write_table(pa.table(columns | more), folder / f"{name}.parquet")
    options.say("reasons: SHAP")
    found = peers.run("tree_shap", folder, say=options.say)
    tables = {kind: pq.read_table(folder / f"{kind}.parquet") for kind in KINDS}
    return {kind: np.column_stack([table[name].to_numpy() for name in names]) for kind, table in tables.items()}, found


def agreement(ours: Vector, theirs: Vector) -> dict[str, float]:
    """Correlation over all values, the largest difference in log-odds, and shares of rows with equal top reasons."""
    one, other = top_reasons(ours), top_reasons(theirs)
    return {
        "correlation": float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]),
        "differs_by": float(np.abs(ours - theirs).max()),
        "top_1": float((one[:, 0] == other[:, 0]).mean()),
        "top_3": float((np.sort(one, axis=1) == np.sort(other, axis=1)).all(axis=1).mean()),
    }


def _agreements(pairs: dict[str, dict[str, dict[str, float]]]) -> list[list[str]]:
    rows = [["", "beside", "correlation", "largest difference, log-odds", "top 1 equal", "top 3 equal"]]
    for name, kinds in pairs.items():
        for kind, of in kinds.items():
            shares = [f"{of[top]:.1%}" for top in ("top_1", "top_3")]
            rows.append([name, KINDS[kind], f"{of['correlation']:.4f}", f"{of['differs_by']:.1e}", *shares])
    return rows


def _seconds(seconds: dict[str, float]) -> list[list[str]]:
    names = {"ours": "ours", **KINDS}
    return [
        ["one thread", "seconds per 1,000 customers"],
        *([names[k], f"{s / ROWS * 1_000:.4f}"] for k, s in seconds.items()),
    ]


def _targets(pairs: dict[str, dict[str, dict[str, float]]], trees_differ_by: float) -> list[Target]:
    exact = pairs["ours against the same background"]["interventional"]
    return [
        Target("the trees SHAP explains differ by, log-odds", trees_differ_by, at_most=1e-9, digits=10),
        Target(
            "reasons differ from SHAP's of the same background by, log-odds",
            exact["differs_by"],
            at_most=1e-6,
            digits=10,
        ),
    ]
