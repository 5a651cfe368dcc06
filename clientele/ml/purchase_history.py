"""What customers bought after past snapshots, as classifiers, times and categories learn from it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import periods
from clientele.ml.categories import Counts
from clientele.ml.classifier import Examples
from clientele.ml.survival import Durations, followed


def drawn(table: pa.Table, most_rows: int) -> pa.Table:
    """The rows of some customers, at all their snapshots: about `most_rows`, drawn by the hash of customer_id."""
    if table.num_rows <= most_rows:
        return table
    ids = pc.dictionary_encode(table["customer_id"].combine_chunks())
    draws = np.array([zlib.crc32(str(id_).encode()) for id_ in ids.dictionary.to_pylist()]) / 2**32
    return table.filter(pa.array(draws[ids.indices.to_numpy()] < most_rows / table.num_rows))


@dataclass
class PurchaseHistory:
    """Customers at past snapshots, in the order of time, with what they bought next."""

    durations: Durations
    fold: npt.NDArray[np.int64]
    counts: Counts
    bought: pa.Array
    newest: date

    @classmethod
    def of(cls, table: pa.Table, names: Iterable[str], newest: date) -> PurchaseHistory:
        """From the columns that `fit` describes."""
        table = followed(table)
        table = table.take(pa.array(np.argsort(table["snapshot_date"].to_numpy(), kind="stable")))
        return cls(
            Durations.of(table, names),
            periods.fold_of(table["customer_id"].to_pylist()),
            Counts.of(table),
            table["next_category"].cast(pa.string()).combine_chunks(),
            newest,
        )

    def as_of(self, day: date) -> PurchaseHistory:
        """What was known when `day` began."""
        before, past = self.durations.before(day), self.durations.as_of(day)
        bought = pc.if_else(pa.array(past.observed), self.bought.filter(pa.array(before)), None)
        return PurchaseHistory(past, self.fold[before], self.counts.of_customers(before), bought, day)

    def examples(self, horizon: int) -> Examples:
        """Whether they bought within `horizon` days, at the snapshots for which that is known."""
        of = self.durations
        known = of.snapshot_dates <= np.datetime64(self.newest - timedelta(days=horizon))
        rows = slice(int(known.sum()))  # rows are in the order of time, so that nothing is copied
        bought = of.observed[rows] & (of.days[rows] < horizon)
        groups = {name: values[rows] for name, values in of.groups.items()}
        return Examples(of.x[rows], bought, of.features, of.snapshot_dates[rows], self.fold[rows], groups)
