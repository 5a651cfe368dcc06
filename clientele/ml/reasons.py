"""Why a score is what it is: the features that move a customer most, with their value and effect, as columns."""

from __future__ import annotations

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


def columns(features: list[Feature], x: Matrix, effects: Matrix) -> dict[str, pa.Array]:
    """The columns of FIELDS, by name.

    `x` and `effects` are (rows, features): the values, and what each adds to the row's log-odds.
    """
    names = pa.array([feature.name for feature in features], pa.string())
    out: dict[str, pa.Array] = {}
    for rank, at in enumerate(top_reasons(effects).T, start=1):
        none = at < 0
        out[f"reason_{rank}"] = names.take(pa.array(at, mask=none))
        out[f"reason_{rank}_value"] = _taken(x, at, none)
        out[f"reason_{rank}_effect"] = _taken(effects, at, none)
    return out


def _taken(values: Matrix, at: npt.NDArray[np.intp], none: npt.NDArray[np.bool_]) -> pa.Array:
    if none.all():
        return pa.nulls(len(at), pa.float64())
    taken = values[np.arange(len(at)), at]
    return pa.array(taken, mask=none | np.isnan(taken))
