"""Segments: kinds of customers found in what they do, and how sure the place of each customer is.

Centres in the space of `segment_space`, found by KMeans or HDBSCAN (`fit` in `segment_fit`). A customer belongs to the
nearest centre; how much nearer it is than the next one is the measure of sureness.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.feature_table import Matrix
from clientele.ml.segment_clusters import Labels, distances
from clientele.ml.segment_names import NOBODY, Name
from clientele.ml.segment_space import Space, Vector

NO_SEGMENT = 0  # the id of customers in none, under HDBSCAN
PLACES = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("segment_id", pa.int32(), nullable=False),
        pa.field("segment_name", pa.string(), nullable=False),
        pa.field("distance", pa.float64(), nullable=False),
        pa.field("runner_up_id", pa.int32()),
        pa.field("runner_up_name", pa.string()),
        pa.field("runner_up_distance", pa.float64()),
        pa.field("sureness", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Segments:
    """A fitted segmentation: one entry of `centres` (rows, in `space`), `ids`, `names` and `radii` per segment.

    `radii` are infinite but under HDBSCAN. `next_id` is the lowest id that was never used. `report` holds plain
    numbers: k, n_customers, silhouette, stability, noise_share, agreement_with_last, tried (one entry per number of
    segments), note, separation (by column), and segments (id, name, size, share, silhouette, deviations and means).
    """

    space: Space
    centres: Matrix
    ids: tuple[int, ...]
    names: tuple[Name, ...]
    radii: Vector
    next_id: int
    report: dict[str, Any]

    def score(self, batch: pa.RecordBatch | pa.Table) -> pa.RecordBatch:
        """Rows of PLACES for rows with `customer_id` and the columns of `space`, in their order.

        `sureness` is 1 - distance / runner_up_distance: 0 half way between two segments, 1 at the centre of one, and 1
        where there is one segment only. Under HDBSCAN a customer further out than 95 % of a segment's members is in
        NO_SEGMENT with sureness 0, and the nearest segment is the runner-up.
        Raises KeyError with the name of a column that the batch lacks.
        """
        far = distances(self.space.place(batch), self.centres)
        first, second = _two_nearest(far)
        rows = np.arange(len(far))
        outside = far[rows, first] > self.radii[first]
        second = np.where(outside, first, second)
        distance, other = far[rows, first], far[rows, second]
        sureness = 1 - np.divide(distance, other, out=np.ones_like(distance), where=other > 0)
        alone = np.full(len(far), len(self.ids) == 1) & ~outside
        ids, names = self._labels(np.where(outside, len(self.ids), first))
        next_ids, next_names = self._labels(second, hidden=alone)
        values = [
            _texts(batch.column("customer_id")),
            ids,
            names,
            pa.array(distance),
            next_ids,
            next_names,
            pa.array(other, mask=alone),
            pa.array(np.where(alone, 1.0, sureness)),
        ]
        return pa.RecordBatch.from_arrays(values, schema=PLACES)

    def score_batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Scores of any number of rows, holding one batch at a time."""
        for batch in batches:
            yield self.score(batch)

    def assign(self, points: Matrix) -> Labels:
        """The segment id of each point of `space`, NO_SEGMENT for none."""
        far = distances(points, self.centres)
        first = far.argmin(axis=1)
        outside = far[np.arange(len(far)), first] > self.radii[first]
        return np.where(outside, NO_SEGMENT, np.array(self.ids)[first])

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return {
            "kind": "segments",
            "space": self.space.to_state(),
            "centres": self.centres,
            "ids": list(self.ids),
            "names": [name.to_state() for name in self.names],
            "radii": self.radii,
            "next_id": self.next_id,
            "report": json.dumps(self.report),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Segments:
        """The segmentation that `to_state` gave."""
        return cls(
            Space.from_state(state["space"]),
            np.asarray(state["centres"]),
            tuple(int(id_) for id_ in state["ids"]),
            tuple(Name.from_state(name) for name in state["names"]),
            np.asarray(state["radii"]),
            int(state["next_id"]),
            json.loads(state["report"]),
        )

    def _labels(
        self, places: npt.NDArray[np.intp], *, hidden: npt.NDArray[np.bool_] | None = None
    ) -> tuple[pa.Array, pa.Array]:
        """Ids and names at these places; the place after the last is NO_SEGMENT, hidden ones are null."""
        ids = pa.array([*self.ids, NO_SEGMENT], pa.int32())
        names = pa.array([*(name.text for name in self.names), NOBODY], pa.string())
        taken = pa.array(places, pa.int64(), mask=hidden)
        return ids.take(taken), names.take(taken)


def _two_nearest(far: Matrix) -> tuple[Labels, Labels]:
    """Places of the nearest and the second nearest centre; the same one twice where there is one only."""
    if far.shape[1] == 1:
        only = np.zeros(len(far), dtype=np.intp)
        return only, only
    two = np.argpartition(far, 1, axis=1)[:, :2]
    rows = np.arange(len(far))
    swapped = far[rows, two[:, 0]] > far[rows, two[:, 1]]
    return np.where(swapped, two[:, 1], two[:, 0]), np.where(swapped, two[:, 0], two[:, 1])


def _texts(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    text = column.cast(pa.string())
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
