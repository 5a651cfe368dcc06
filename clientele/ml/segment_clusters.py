"""Groups of points: KMeans with the number of groups that the data bear out, or HDBSCAN, which leaves out noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from clientele.ml.feature_table import Matrix

NOISE = -1
FEWEST_CUSTOMERS = 10  # of a segment, on average; below, its profile says more about its members than about a kind
SMALLEST_SHARE = 0.01  # of a segment; silhouette alone likes to cut off a few outliers
STABLE = 0.8  # adjusted Rand index between bootstrap samples; Hennig (2007) calls clusters below 0.75 doubtful
HYSTERESIS = 0.02  # of silhouette, by which another number of segments must beat the last version's
SAME_INERTIA = 1.01  # up to which the last version's solution is kept
STARTS = 10
CHOICE_ROWS, SILHOUETTE_ROWS, DENSITY_ROWS = 5_000, 3_000, 10_000
Labels = npt.NDArray[np.intp]


@dataclass
class Clusters:
    """`labels` of the rows (NOISE for none), `centres` by label, and how well they hold as plain numbers."""

    labels: Labels
    centres: Matrix
    report: dict[str, Any] = field(default_factory=dict)


def one_group(points: Matrix, note: str) -> Clusters:
    """All rows in one group, and why."""
    centre = points.mean(axis=0, keepdims=True) if len(points) else np.zeros((1, points.shape[1]))
    return Clusters(np.zeros(len(points), dtype=np.intp), centre, {"note": note})


def kmeans(
    points: Matrix, *, fewest: int, most: int, bootstraps: int, seed: int, last: Matrix | None = None
) -> Clusters:
    """KMeans with `fewest` to `most` groups: of the numbers that are stable under the bootstrap, the best silhouette.

    Where none is stable, the most stable one. `last` are the centres of the last version: its number is kept unless
    another one's silhouette is better by HYSTERESIS, and so is its solution where a new start finds no better.
    """
    allowed = range(fewest, min(most, len(points) // FEWEST_CUSTOMERS, len(np.unique(points, axis=0))) + 1)
    if not allowed:
        need = fewest * FEWEST_CUSTOMERS
        return one_group(points, f"one segment: {fewest} need at least {need} customers who are not all alike")
    tried = [_try(points[:CHOICE_ROWS], k, bootstraps=bootstraps, seed=seed) for k in allowed]
    best = choose(tried, last_k=len(last) if last is not None else None)
    model = _fit(points, best["k"], seed=seed, starts=STARTS)
    if last is not None and len(last) == best["k"]:
        warm = _fit(points, best["k"], seed=seed, starts=1, init=last)
        model = warm if warm.inertia_ <= model.inertia_ * SAME_INERTIA else model
    labels = nearest(points, model.cluster_centers_)
    report = {"silhouette": silhouette(points, labels), "stability": best["stability"], "tried": tried}
    return Clusters(labels, model.cluster_centers_, report)


def choose(tried: list[dict[str, Any]], *, last_k: int | None) -> dict[str, Any]:
    """The row of `tried` (k, silhouette, stability, smallest_share) to use."""
    sizeable = [row for row in tried if row["smallest_share"] >= SMALLEST_SHARE] or tried[:1]
    stable = [row for row in sizeable if row["stability"] >= STABLE]
    if not stable:
        return max(sizeable, key=lambda row: row["stability"])
    best = max(stable, key=lambda row: row["silhouette"])
    for row in stable:
        if row["k"] == last_k and row["silhouette"] >= best["silhouette"] - HYSTERESIS:
            return row
    return best


def hdbscan(points: Matrix) -> Clusters:
    """Dense groups of any shape (Campello, Moulavi & Sander 2013); what lies in none is NOISE.

    Groups hold at least 2 % of the rows. A centre is the mean of its members. Rows after the first DENSITY_ROWS, which
    are not searched as that takes quadratic time, go to the nearest centre.
    """
    from sklearn.cluster import HDBSCAN

    searched = points[:DENSITY_ROWS]
    smallest = max(FEWEST_CUSTOMERS, len(searched) // 50)
    if len(searched) < 2 * smallest:
        return one_group(points, f"one segment: HDBSCAN needs at least {2 * smallest} customers")
    found = HDBSCAN(min_cluster_size=smallest, copy=True).fit(searched).labels_
    ids = np.unique(found[found >= 0])
    if len(ids) < 2:
        return one_group(points, "one segment: HDBSCAN found no two dense groups")
    centres = np.array([searched[found == id_].mean(axis=0) for id_ in ids])
    labels = np.concatenate([found, nearest(points[DENSITY_ROWS:], centres)]).astype(np.intp)
    inside = labels != NOISE
    report = {"silhouette": silhouette(points[inside], labels[inside]), "noise_share": float((found == NOISE).mean())}
    return Clusters(labels, centres, report)


def distances(points: Matrix, centres: Matrix) -> Matrix:
    """Euclidean distances: rows x centres."""
    squared = np.empty((len(points), len(centres)))
    for j, centre in enumerate(centres):
        squared[:, j] = np.square(points - centre).sum(axis=1)
    return np.sqrt(squared)


def nearest(points: Matrix, centres: Matrix) -> Labels:
    """The place of the nearest centre of each row."""
    return distances(points, centres).argmin(axis=1)


def silhouette(points: Matrix, labels: Labels) -> float | None:
    """Mean silhouette (Rousseeuw 1987) of the first SILHOUETTE_ROWS rows, -1 to 1; None where they are of one group."""
    of_rows = _silhouettes(points[:SILHOUETTE_ROWS], labels[:SILHOUETTE_ROWS])
    return None if of_rows is None else float(of_rows.mean())


def silhouettes(points: Matrix, found: Clusters) -> list[float | None]:
    """The mean silhouette within each group, as `silhouette`; noise is left out."""
    inside = found.labels != NOISE
    labels = found.labels[inside][:SILHOUETTE_ROWS]
    of_rows = _silhouettes(points[inside][:SILHOUETTE_ROWS], labels)
    if of_rows is None:
        return [None] * len(found.centres)
    return [float(of_rows[labels == j].mean()) if (labels == j).any() else None for j in range(len(found.centres))]


def _silhouettes(points: Matrix, labels: Labels) -> npt.NDArray[np.float64] | None:
    from sklearn.metrics import silhouette_samples

    return silhouette_samples(points, labels) if 1 < len(np.unique(labels)) < len(labels) else None


def agreement(one: Labels, other: Labels) -> float:
    """Adjusted Rand index of two groupings of the same rows (Hubert & Arabie 1985): 1 the same, 0 as by chance."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def _try(points: Matrix, k: int, *, bootstraps: int, seed: int) -> dict[str, Any]:
    """How well k groups hold: fits on bootstrap samples each group the same rows, and should agree."""
    rng = np.random.default_rng([seed, k])
    labels = nearest(points, _fit(points, k, seed=seed, starts=STARTS).cluster_centers_)
    drawn = [points[rng.integers(0, len(points), len(points))] for _ in range(bootstraps)]
    groupings = [nearest(points, _fit(rows, k, seed=seed, starts=3).cluster_centers_) for rows in drawn]
    return {
        "k": k,
        "silhouette": silhouette(points, labels) or 0.0,
        "stability": float(np.mean([agreement(one, other) for one, other in combinations(groupings, 2)])),
        "smallest_share": float(np.bincount(labels, minlength=k).min() / len(points)),
    }


def _fit(points: Matrix, k: int, *, seed: int, starts: int, init: Any = "k-means++") -> Any:
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a bootstrap sample may hold fewer than k different rows
        return KMeans(k, n_init=starts, init=init, random_state=seed).fit(points)
