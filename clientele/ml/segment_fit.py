"""Fitting segments: groups in a sample of customers, with the last version's ids and names for those still there.

The sample is bounded and drawn by customer id, so that neither the order of rows nor the company's size changes a fit.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from clientele.ml import segment_clusters as clusters
from clientele.ml.feature_table import Matrix, as_numbers
from clientele.ml.segment_clusters import Clusters
from clientele.ml.segment_ids import match, number
from clientele.ml.segment_model import Segments
from clientele.ml.segment_names import BEHAVIOURS, EVERYBODY, Name, Profile, kind_of, name_all
from clientele.ml.segment_space import Space, Vector
from clientele.ml.threads import single_threaded

COLUMNS = tuple(behaviour.column for behaviour in BEHAVIOURS)
Algorithm = Literal["kmeans", "hdbscan"]
COVERED = 0.95  # of a segment's members lie within its radius


@dataclass(frozen=True)
class SegmentOptions:
    """What is settled before fitting."""

    algorithm: Algorithm = "kmeans"
    fewest: int = 3
    most: int = 8
    bootstraps: int = 8
    most_rows: int = 20_000
    seed: int = 42


@single_threaded
def fit(
    table: pa.Table,
    columns: Sequence[str] = COLUMNS,
    *,
    last: Segments | None = None,
    next_id: int = 1,
    options: SegmentOptions | None = None,
) -> Segments:
    """Find the segments of rows with `customer_id` and `columns`.

    `last` gives the ids and names to go on with; new segments are numbered from `next_id`, or `last`'s where higher.
    Columns that hold nothing, or one value only, are left out. Too few customers make one segment, and the report says
    so. Raises KeyError with the name of a column that the table lacks.
    """
    options = options or SegmentOptions()
    sample = _draw(table, most=options.most_rows, seed=options.seed)
    space = Space.fit(sample, columns)
    points = space.place(sample)
    before = _seen_from(space, last) if last else None
    found = _by_size(_cluster(points, options, before))
    matched = match(found.centres, before) if before is not None else {}
    next_id = max(next_id, last.next_id if last else 1)
    ids = number(len(found.centres), matched, last.ids if last else (), next_id=next_id)
    profiles = _profiles(sample, found, space)
    names = _names(profiles, [last.names[matched[j]] if last and j in matched else None for j in range(len(ids))])
    report = _report(points, found, profiles, ids, names)
    if last and set(last.space.columns) <= set(sample.column_names):
        report["agreement_with_last"] = clusters.agreement(found.labels, last.assign(last.space.place(sample)))
    radii = _radii(points, found, options)
    return Segments(space, found.centres, ids, names, radii, max(next_id, 1 + max(ids)), report)


def _draw(table: pa.Table, *, most: int, seed: int) -> pa.Table:
    """At most `most` rows in an order drawn by customer id: any first rows of it are a sample too."""
    ids = table.column("customer_id").cast(pa.string()).to_pylist()
    drawn = sorted((zlib.crc32(f"{seed}:{id_}".encode()), id_, row) for row, id_ in enumerate(ids))
    return table.take(pa.array([row for _, _, row in drawn[:most]], pa.int64()))


def _seen_from(space: Space, last: Segments) -> Matrix:
    """The last version's centres, in the columns of `space` (a column it did not have: at the mean)."""
    return last.space.move(last.centres, space)


def _cluster(points: Matrix, options: SegmentOptions, before: Matrix | None) -> Clusters:
    if not points.shape[1]:
        return clusters.one_group(points, "one segment: no column tells customers apart")
    if options.algorithm == "hdbscan":
        return clusters.hdbscan(points)
    return clusters.kmeans(
        points,
        fewest=options.fewest,
        most=options.most,
        bootstraps=options.bootstraps,
        seed=options.seed,
        last=before if before is not None and len(before) > 1 else None,
    )


def _by_size(found: Clusters) -> Clusters:
    """The same groups, the largest first, so that a first version's ids do not depend on where a search began."""
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=len(found.centres))
    order = np.argsort(-sizes, kind="stable")
    places = np.append(np.argsort(order), clusters.NOISE)  # NOISE, -1, is the place after the last
    return Clusters(places[found.labels], found.centres[order], found.report)


def _profiles(sample: pa.Table, found: Clusters, space: Space) -> list[Profile]:
    values = {name: as_numbers(sample.column(name)) for name in space.columns}
    profiles = []
    for label, centre in enumerate(found.centres):
        members = {name: column[found.labels == label] for name, column in values.items()}
        means = {name: float(np.nanmean(column)) for name, column in members.items() if not np.isnan(column).all()}
        deviations = dict(zip(space.columns, centre.tolist(), strict=True))
        profiles.append(Profile(kind_of(members), deviations, means))
    return profiles


def _names(profiles: Sequence[Profile], old: Sequence[Name | None]) -> tuple[Name, ...]:
    if len(profiles) == 1:
        return (Name(EVERYBODY, profiles[0].kind, ()),)
    return tuple(name_all(profiles, old))


def _report(
    points: Matrix, found: Clusters, profiles: Sequence[Profile], ids: Sequence[int], names: Sequence[Name]
) -> dict[str, Any]:
    sizes = [int((found.labels == label).sum()) for label in range(len(ids))]
    described = [
        {
            "segment_id": id_,
            "segment_name": name.text,
            "n_customers": size,
            "share": size / max(1, len(found.labels)),
            "silhouette": silhouette,
            "deviations": profile.deviations,
            "means": profile.means,
        }
        for id_, name, size, silhouette, profile in zip(
            ids, names, sizes, clusters.silhouettes(points, found), profiles, strict=True
        )
    ]
    numbers = {"silhouette": None, "stability": None, "noise_share": 0.0, "agreement_with_last": None, "note": None}
    numbers |= found.report
    separation = dict(zip(profiles[0].deviations, _separation(points, found), strict=True))
    return {"k": len(ids), "n_customers": len(points), **numbers, "separation": separation, "segments": described}


def _separation(points: Matrix, found: Clusters) -> list[float]:
    """The share of each column's variance that lies between the segments: what tells customers apart, and how well."""
    inside = found.labels != clusters.NOISE
    between = found.centres[found.labels[inside]].var(axis=0) if inside.any() else np.zeros(points.shape[1])
    total = points[inside].var(axis=0) if inside.any() else between
    return np.divide(between, total, out=np.zeros_like(between), where=total > 0).tolist()


def _radii(points: Matrix, found: Clusters, options: SegmentOptions) -> Vector:
    """How far out a segment reaches; KMeans leaves nobody out."""
    if options.algorithm == "kmeans" or len(found.centres) == 1:
        return np.full(len(found.centres), np.inf)
    own = clusters.distances(points, found.centres)
    return np.array([np.quantile(own[found.labels == j, j], COVERED) for j in range(len(found.centres))])
