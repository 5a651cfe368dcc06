"""How sure a difference between two forecasts of the same customers is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clientele.ml import metrics

Vector = npt.NDArray[np.float64]


def differences(
    one: Vector, other: Vector, y: npt.NDArray[np.bool_], *, seed: int, draws: int = 1_000
) -> dict[str, tuple[float, float, float]]:
    """AUC and Brier of `one` less those of `other`: the difference, and its 95 % interval over drawn customers."""
    rng = np.random.default_rng(seed)
    drawn = np.array([_difference(one[at], other[at], y[at]) for at in rng.integers(0, len(y), (draws, len(y)))])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    found = _difference(one, other, y)
    return {name: (found[k], float(low[k]), float(high[k])) for k, name in enumerate(("auc", "brier"))}


def _difference(one: Vector, other: Vector, y: npt.NDArray[np.bool_]) -> tuple[float, float]:
    brier = ((one - y) ** 2).mean() - ((other - y) ** 2).mean()
    return auc(one, y) - auc(other, y), float(brier)


def value_differences(
    one: Vector, other: Vector, realised: Vector, *, seed: int, draws: int = 1_000
) -> dict[str, tuple[float, float, float]]:
    """MAE and Gini of amounts `one` less those of `other`: the difference, and its 95 % interval over customers."""

    def difference(at: npt.NDArray[np.intp] | slice) -> tuple[float, float]:
        mae = np.abs(one[at] - realised[at]).mean() - np.abs(other[at] - realised[at]).mean()
        gini = metrics.normalised_gini(one[at], realised[at]) - metrics.normalised_gini(other[at], realised[at])
        return float(mae), float(gini)

    n, rng = len(realised), np.random.default_rng(seed)
    low, high = np.quantile([difference(at) for at in rng.integers(0, n, (draws, n))], [0.025, 0.975], axis=0)
    found = difference(slice(None))
    return {name: (found[k], float(low[k]), float(high[k])) for k, name in enumerate(("MAE", "Gini"))}


def auc(score: Vector, y: npt.NDArray[np.bool_]) -> float:
    """Probability that a row with the outcome scores above one without; ties count half (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    n = int(y.sum())
    return float((rankdata(score)[y].sum() - n * (n + 1) / 2) / (n * (len(y) - n)))
