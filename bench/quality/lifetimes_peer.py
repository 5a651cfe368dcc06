"""The purchase models of lifetimes beside ours, on the same customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from bench.quality import peers
from bench.quality.page import Options
from clientele.ml.histories import Histories
from clientele.ml.purchase_value import Customers

Vector = npt.NDArray[np.float64]
NAMES = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}


@dataclass(frozen=True)
class Forecasts:
    """Per model of NAMES that could be fitted; `notes` say why one could not."""

    purchases: Mapping[str, Vector] = field(default_factory=dict)
    p_alive: Mapping[str, Vector] = field(default_factory=dict)
    value: Mapping[str, Vector] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def named_values(self) -> dict[str, Vector]:
        """By what the page calls them."""
        return {f"lifetimes: {NAMES[name]} + Gamma-Gamma": value for name, value in self.value.items()}


def table(histories: Histories, n_valued: Vector, mean_value: Vector) -> pa.Table:
    """Histories, and the mean value of so many purchases (of which Gamma-Gamma learns)."""
    times = {name: getattr(histories, name) for name in ("x", "t_x", "age")}
    return pa.table(times | {"n_valued": n_valued, "mean_value": mean_value})


def table_of(customers: Customers) -> pa.Table:
    """The same of rows like those of customer_features."""
    return table(customers.histories, customers.n_orders, customers.mean_order)


def forecasts(part: str, known: pa.Table, customers: pa.Table, horizon: float, options: Options) -> Forecasts:
    """Fitted on `known`, told of `customers`."""
    folder = options.scratch(f"{part}/lifetimes")
    pq.write_table(known, folder / "known.parquet")
    pq.write_table(customers, folder / "customers.parquet")
    try:
        done = peers.run("lifetimes_values", folder, str(horizon), say=options.say)
    except RuntimeError as error:
        return Forecasts(notes=[f"lifetimes did not run: {error}"])
    told = pq.read_table(folder / "predicted.parquet")
    fitted = [name for name in NAMES if name not in done["failed"]]

    def columns(what: str) -> dict[str, Vector]:
        return {name: told[f"{name}_{what}"].to_numpy() for name in fitted}

    notes = [f"{NAMES[name]} of lifetimes could not be fitted: {why}." for name, why in done["failed"].items()]
    return Forecasts(columns("purchases"), columns("p_alive"), columns("value"), {"lifetimes": done["version"]}, notes)
