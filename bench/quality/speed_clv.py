"""BG/NBD and Gamma-Gamma of a million customers: fit and predictions, beside lifetimes and PyMC-Marketing.

Customers are drawn from the models, with the parameters published for CDNOW, in whole days. The likelihood of
everyone's parameters is computed by one formula, which the published figures bear out (see the part cdnow).
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from bench.quality import peers
from bench.quality.page import Options, Section, Target
from clientele.ml import gamma_gamma
from clientele.ml.bg_nbd import BgNbd, LogLikelihood
from clientele.ml.gamma_gamma import GammaGamma
from clientele.ml.histories import Histories
from clientele.ml.threads import single_threaded

CUSTOMERS, REPEAT, AHEAD, RATIO = 1_000_000, 3, 90, 20.0
AGES = (30, 730)  # days
PURCHASES = {"r": 0.243, "alpha": 4.414 * 7, "a": 0.793, "b": 2.426}
SPEND = {"p": 6.25, "q": 3.74, "gamma": 15.44}
TOOLS = {"lifetimes": ("lifetimes", 1_000_000), "pymc_marketing": ("PyMC-Marketing, MAP", 100_000)}  # on how many
NO_WORSE = 0.01  # of log-likelihood, of all customers together: where optimisers stop
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """Customers as the models see them; `value` is the mean of the repeat purchases, 0 where there are none."""

    x: Vector
    t_x: Vector
    age: Vector
    value: Vector

    def first(self, n: int) -> Drawn:
        """The first of them."""
        return Drawn(self.x[:n], self.t_x[:n], self.age[:n], self.value[:n])


@dataclass(frozen=True)
class Told:
    """What a tool said of the customers, and how long it took."""

    purchases: list[float]
    spend: list[float]
    expected: list[float]  # purchases and spend of all
    fit: float
    predict: float
    cpu: float  # of both

    @property
    def seconds(self) -> float:
        """Fit and predictions."""
        return self.fit + self.predict


def draw(n: int, seed: int) -> Drawn:
    """Customers who buy at exponential intervals until they drop out at a purchase or today comes."""
    rng = np.random.default_rng(seed)
    rate, chance = rng.gamma(PURCHASES["r"], 1 / PURCHASES["alpha"], n), rng.beta(PURCHASES["a"], PURCHASES["b"], n)
    x, t_x, now, age = np.zeros(n), np.zeros(n), np.zeros(n), rng.integers(*AGES, n).astype(float)
    alive = np.flatnonzero(rate > 0)
    while alive.size:
        now[alive] += rng.exponential(size=alive.size) / rate[alive]
        alive = alive[now[alive] < age[alive]]
        x[alive] += 1
        t_x[alive] = np.ceil(now[alive])
        alive = alive[rng.random(alive.size) >= chance[alive]]
    own = rng.gamma(SPEND["q"], 1 / SPEND["gamma"], n)
    value = rng.gamma(SPEND["p"] * np.maximum(x, 1)) / (own * np.maximum(x, 1))
    return Drawn(x, t_x, age, np.where(x > 0, np.maximum(value.round(2), 0.01), 0.0))


@single_threaded
def ours(of: Drawn) -> Told:
    """Fit and predictions from arrays to arrays."""
    began, of_cpu = time.perf_counter(), time.process_time()
    histories = Histories(of.x, of.t_x, of.age)
    purchases, spend = BgNbd.fit(histories), GammaGamma.fit(of.x, of.value)
    fitted = time.perf_counter()
    expected = purchases.expected_purchases(histories, AHEAD)
    purchases.p_alive(histories)
    spent = spend.expected_spend(of.x, of.value)
    ended = time.perf_counter()
    return Told(
        purchases=[purchases.r, purchases.alpha, purchases.a, purchases.b],
        spend=[spend.p, spend.q, spend.gamma],
        expected=[float(expected.sum()), float((expected * spent).sum())],
        fit=fitted - began,
        predict=ended - fitted,
        cpu=time.process_time() - of_cpu,
    )


def log_likelihoods(told: Told, of: Drawn) -> tuple[float, float]:
    """Of BG/NBD and of Gamma-Gamma, at the parameters."""
    buyers = of.x > 0
    values = gamma_gamma.LogLikelihood(of.x[buyers], of.value[buyers], np.ones(buyers.sum()))(np.array(told.spend))
    histories = Histories(of.x, of.t_x, of.age).distinct()
    return LogLikelihood(histories)(np.array(told.purchases))[0], values[0]


def measure(options: Options) -> Section:
    """Each tool between runs of ours on the same customers."""
    folder = options.scratch("speed_clv")
    options.say(f"speed_clv: drawing {CUSTOMERS:,} customers")
    of = draw(CUSTOMERS, options.seed)
    columns = {"frequency": of.x, "recency": of.t_x, "T": of.age, "monetary_value": of.value}
    pq.write_table(pa.table({"customer_id": np.arange(CUSTOMERS), **columns}), folder / "customers.parquet")
    ours(of.first(10_000))  # what is imported inside functions is here now
    section = Section("speed_clv", "Customer values of a million customers")
    section.tables = [[["customers", "tool", "fit, s", "predictions, s", "times ours", "CPU, s", "times ours"]]]
    section.tables.append([["customers", "tool", *LIKELIHOODS, "purchases expected", "spend expected"]])
    section.notes = _notes()
    for tool, (name, n) in TOOLS.items():
        options.say(f"speed_clv: {name}, {n:,} customers")
        try:
            peers.run("purchase_models", folder, tool, "1000", say=options.say)  # compiled code is cached from here on
            before = ours(of.first(n))
            found = peers.run("purchase_models", folder, tool, str(n), say=options.say)
        except RuntimeError as error:
            section.notes.append(f"{name} did not run: {error}")
            continue
        section.versions[name.split(",")[0]] = found.pop("version")
        runs = [before, *(ours(of.first(n)) for _ in range(REPEAT - 1))]
        _beside(name, Told(**found), runs, of.first(n), section)
    return section


LIKELIHOODS = ("log-likelihood, BG/NBD", "log-likelihood, Gamma-Gamma")


def _beside(name: str, theirs: Told, runs: list[Told], of: Drawn, section: Section) -> None:
    mine, n = sorted(runs, key=lambda told: told.seconds)[len(runs) // 2], f"{len(of.x):,}"
    ratio = theirs.seconds / statistics.median(told.seconds for told in runs)
    likelihoods = {"ours": log_likelihoods(mine, of), name: log_likelihoods(theirs, of)}
    for tool, told in {"ours": mine, name: theirs}.items():
        times, of_cpu = (f"{a / b:.1f}" for a, b in ((told.seconds, mine.seconds), (told.cpu, mine.cpu)))
        seconds = [f"{told.fit:.2f}", f"{told.predict:.2f}", times, f"{told.cpu:.2f}", of_cpu]
        section.tables[0].append([n, tool, *seconds])
        expected = [f"{total:,.0f}" for total in told.expected]
        section.tables[1].append([n, tool, *(f"{value:,.2f}" for value in likelihoods[tool]), *expected])
    section.targets.append(Target(f"{name} / ours, seconds", ratio, at_least=RATIO, digits=1, needs_quiet=True))
    for what, best, other in zip(LIKELIHOODS, *likelihoods.values(), strict=True):
        section.targets.append(Target(f"{what}: ours less {name}'s", best - other, at_least=-NO_WORSE))
    section.results[name] = {"customers": len(of.x), "ratio": ratio, "likelihoods": likelihoods} | _plain(theirs, mine)


def _plain(theirs: Told, mine: Told) -> dict[str, Any]:
    return {"theirs": dict(vars(theirs)), "mine": dict(vars(mine))}


def _notes() -> list[str]:
    return [
        f"Drawn with the parameters published for CDNOW, {AGES[0]} to {AGES[1] - 1} days old, in whole days and cents;"
        f" both sides on the same customers, one thread. Ours: the median of {REPEAT} runs around the other's one.",
        f"Predictions: purchases within {AHEAD} days, P(alive), spend on one purchase. Reading and imports are in"
        " neither; building its model is part of PyMC-Marketing's fit, whose"
        " compiled code is cached from a run on fewer customers.",
        "All log-likelihoods by one formula at the tools' own parameters; MAP weighs the default priors in.",
    ]
