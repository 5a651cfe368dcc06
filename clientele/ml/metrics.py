"""How good a forecast was, as scikit-learn's metrics have it, whose checks took longer than the counting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

ECE_GROUPS = 15


def of_probabilities(probability: Vector, y: npt.NDArray[np.bool_]) -> dict[str, float]:
    """AUC, PR-AUC, Brier, log loss, ECE and lift at 10 %, with the share of positives.

    What one class alone cannot tell (AUC, PR-AUC, lift) is nan there.
    """
    is_mixed = bool(y.any() and not y.all())
    auc, pr_auc = _areas(probability, y) if is_mixed else (np.nan, np.nan)
    least = np.finfo(float).eps
    of_outcome = np.clip(np.where(y, probability, 1 - probability), least, 1 - least)
    return {
        "n": float(len(y)),
        "base_rate": float(y.mean()),
        "auc": auc,
        "pr_auc": pr_auc,
        "brier": float(((probability - y) ** 2).mean()),
        "log_loss": float(-np.log(of_outcome).mean()),
        "ece": expected_calibration_error(probability, y),
        "lift_10": lift(probability, y, share=0.1) if is_mixed else np.nan,
    }


def _areas(probability: Vector, y: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Under the ROC curve, and average precision: rows of one probability make one point of either curve."""
    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.append(np.diff(probability[order]) != 0, True))
    true, of_both = np.cumsum(y[order])[last], y.sum()
    false = 1 + last - true
    auc = np.trapezoid(np.append(0, true), np.append(0, false)) / (of_both * (len(y) - of_both))
    return float(auc), float((np.diff(true, prepend=0) * true / (1 + last)).sum() / of_both)


def mean_of(performance: Iterable[Mapping[str, Any]], metric: str, horizon: int | None = None) -> float:
    """A metric over all customers, averaged over the periods that could tell; nan where none could.

    `performance` has rows as a version in the registry; of one `horizon` where it is named, else of all.
    """
    rows = (row for row in performance if row["group_name"] == "all" and horizon in (None, row.get("horizon")))
    values = [row[metric] for row in rows if np.isfinite(row.get(metric, np.nan))]
    return float(np.mean(values)) if values else np.nan


def auc_by_chance(performance: Sequence[Mapping[str, Any]]) -> float:
    """The mean AUC over periods that a model without any skill stays below in 19 of 20 cases.

    `performance` has n and base_rate of each period. The variance is that of Mann and Whitney's U where both classes
    are alike. With 13 churned of 226 in one period it is 0.636, in each of three 0.578; nan if a period has one class.
    """
    variances = []
    for row in performance:
        positive = row["n"] * row["base_rate"]
        negative = row["n"] - positive
        variances.append((row["n"] + 1) / (12 * positive * negative) if positive and negative else np.nan)
    return float(0.5 + 1.645 * np.sqrt(np.sum(variances)) / len(variances)) if variances else np.nan


def expected_calibration_error(probability: Vector, y: npt.NDArray[np.bool_], groups: int = ECE_GROUPS) -> float:
    """Mean distance of the mean probability from the realised rate, over groups of equal size by probability."""
    order, rate = np.argsort(probability), _evened(y, probability)
    parts = [part for part in np.array_split(order, min(groups, len(order))) if part.size]
    return float(sum(abs(probability[p].mean() - rate[p].mean()) * p.size for p in parts) / len(y))


def calibration_error_by_chance(probability: Vector, *, seed: int, draws: int = 200) -> float:
    """The ECE that probabilities which are right stay below in 19 of 20 cases: a few customers a group do not tell."""
    rng = np.random.default_rng(seed)
    drawn = [expected_calibration_error(probability, rng.random(len(probability)) < probability) for _ in range(draws)]
    return float(np.quantile(drawn, 0.95))


def kolmogorov_smirnov(probability: Vector, y: npt.NDArray[np.bool_]) -> float:
    """The largest distance between the shares of positives and of negatives below a probability; nan for one class."""
    if y.all() or not y.any():
        return np.nan
    order = np.argsort(probability)
    ends = np.flatnonzero(np.append(np.diff(probability[order]) > 0, True))
    bad = np.cumsum(y[order])[ends]
    return float(np.abs(bad / y.sum() - (ends + 1 - bad) / (~y).sum()).max())


def lift(probability: Vector, y: npt.NDArray[np.bool_], *, share: float) -> float:
    """Rate among the `share` of rows with the highest probability, over the rate of all. 1 is no better than chance."""
    n = max(1, round(len(y) * share))
    top = np.argsort(-probability)[:n]
    return float(_evened(y, probability)[top].mean() / y.mean())


def _evened(outcome: npt.NDArray[Any], prediction: Vector) -> Vector:
    """Outcomes averaged over the rows of one prediction, so that nothing depends on the order in which these stand."""
    _, of = np.unique(prediction, return_inverse=True)
    return (np.bincount(of, outcome) / np.bincount(of))[of]


def of_values(predicted: Vector, realised: Vector) -> dict[str, float]:
    """MAE, bias (predicted less realised, as a share of realised), normalised Gini and Tweedie D2 of amounts."""
    total = float(realised.sum())
    return {
        "n": float(len(realised)),
        "mean_realised": float(realised.mean()),
        "mae": float(np.abs(predicted - realised).mean()),
        "bias": float(predicted.sum() / total - 1) if total else np.nan,
        "gini": normalised_gini(predicted, realised),
        "d2": tweedie_d2(predicted, realised),
    }


def tweedie_deviance(predicted: Vector, realised: Vector) -> float:
    """Mean Tweedie deviance of power 1.5, of amounts that are often 0: a score that only the expected value minimises.

    The absolute error of such amounts is least for their median, which is mostly 0. A prediction counts as at least a
    thousandth of the mean, an amount below 0 as 0.
    """
    realised = np.maximum(realised, 0.0)
    predicted = np.maximum(predicted, 1e-3 * realised.mean() + 1e-12)
    return float(4 * (predicted**0.5 + realised * predicted**-0.5 - 2 * realised**0.5).mean())


def tweedie_d2(predicted: Vector, realised: Vector) -> float:
    """Share of the Tweedie deviance from the common mean that is explained; 1 is perfect, 0 as good as that mean."""
    worst = tweedie_deviance(np.full(len(realised), np.maximum(realised, 0.0).mean()), realised)
    return 1 - tweedie_deviance(predicted, realised) / worst if worst > 0 else np.nan


def normalised_gini(predicted: Vector, realised: Vector) -> float:
    """Gini of realised amounts in the order of the predicted ones, over the Gini in their own order; 1 is perfect."""
    best = _gini(realised, realised)
    return _gini(predicted, realised) / best if best else np.nan


def _gini(order_by: Vector, amount: Vector) -> float:
    total = amount.sum()
    if not total:
        return 0.0
    shares = np.cumsum(_evened(amount, order_by)[np.argsort(-order_by)]) / total
    return float(shares.mean() - (len(amount) + 1) / (2 * len(amount)))


def interval_coverage(lower: Vector, upper: Vector, realised: Vector) -> float:
    """Share of realised amounts that lie within their bounds."""
    return float(((lower <= realised) & (realised <= upper)).mean())
