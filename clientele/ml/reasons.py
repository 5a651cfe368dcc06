"""Why a score is what it is: what moves a customer most, with a feature's name and value and the effect, as columns.

Features that move together share one reason, as their effects by themselves are arbitrary: of two that count the same
thing a model may add to one what it takes from the other (Aas, Jullum & Løland 2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml.feature_table import Feature, Matrix

REASONS = 3
FIELDS = [
    field
    for rank in range(1, REASONS + 1)
    for field in (
        (f"reason_{rank}", pa.string()),
        (f"reason_{rank}_value", pa.float64()),
        (f"reason_{rank}_effect", pa.float64()),
    )
]


# Mean correlation of their effects, either way, from which features share a reason.
TOGETHER_FROM = 0.7


def moving_together(effects: Matrix) -> list[int]:
    """The number of the group of each feature, from effects (rows, features); groups are numbered from 0.

    Average linkage by the correlation of effects. A feature without effect is a group of its own.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    groups = np.arange(effects.shape[1])
    moving = np.flatnonzero(np.ptp(effects, axis=0) > 1e-12) if len(effects) else groups[:0]
    if moving.size > 1:
        distance = 1 - np.abs(np.corrcoef(effects[:, moving], rowvar=False))
        tree = linkage(squareform(np.maximum(distance, 0.0), checks=False), "average")
        numbers = fcluster(tree, 1 - TOGETHER_FROM, "distance")
        for number in np.unique(numbers):
            groups[moving[numbers == number]] = moving[numbers == number].min()
    return np.unique(groups, return_inverse=True)[1].tolist()


def top_reasons(effects: Matrix, count: int = REASONS) -> npt.NDArray[np.intp]:
    """Places of the features that move each row most, either way, (rows, count), the largest first.

    With fewer features than `count` the last places are -1.
    """
    rows, features = effects.shape
    places = np.full((rows, count), -1, dtype=np.intp)
    size = np.abs(effects)
    for rank in range(min(count, features)):
        best = size.argmax(axis=1)
        places[:, rank] = best
        size[np.arange(rows), best] = -1.0
    return places


def columns(
    features: list[Feature], x: Matrix, effects: Matrix, together: Sequence[int] | None = None
) -> dict[str, pa.Array]:
    """The columns of FIELDS, by name.

    `x` and `effects` are (rows, features): the values, and what each adds to the row's log-odds. `together` is as
    moving_together() gives it: features of one group are one reason, with the sum of their effects and the name and
    value of the one that adds most to it. Without it each feature is a reason.
    """
    sums, spokesmen = _grouped(effects, together or range(effects.shape[1]))
    names = pa.array([feature.name for feature in features], pa.string())
    out: dict[str, pa.Array] = {}
    for rank, group in enumerate(top_reasons(sums).T, start=1):
        none = group < 0
        at = np.where(none, -1, spokesmen[np.arange(len(group)), group]) if sums.shape[1] else group
        out[f"reason_{rank}"] = names.take(pa.array(at, mask=none))
        out[f"reason_{rank}_value"] = _taken(x, at, none)
        out[f"reason_{rank}_effect"] = _taken(sums, group, none)
    return out


def _grouped(effects: Matrix, together: Sequence[int]) -> tuple[Matrix, npt.NDArray[np.intp]]:
    """Of every group: the sum of its effects, (rows, groups), and the place of the feature that speaks for it."""
    of = np.asarray(together, dtype=np.intp)
    n = int(of.max()) + 1 if of.size else 0
    sums, places = np.empty((len(effects), n)), np.empty((len(effects), n), dtype=np.intp)
    for group in range(n):
        members = np.flatnonzero(of == group)
        if members.size == 1:
            sums[:, group], places[:, group] = effects[:, members[0]], members[0]
            continue
        own = effects[:, members]
        sums[:, group] = own.sum(axis=1)
        places[:, group] = members[(own * np.where(sums[:, group] < 0, -1.0, 1.0)[:, None]).argmax(axis=1)]
    return sums, places


def _taken(values: Matrix, at: npt.NDArray[np.intp], none: npt.NDArray[np.bool_]) -> pa.Array:
    if none.all():
        return pa.nulls(len(at), pa.float64())
    taken = values[np.arange(len(at)), at]
    return pa.array(taken, mask=none | np.isnan(taken))
