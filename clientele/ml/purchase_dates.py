"""When the next purchase comes, as a distribution that agrees with three calibrated probabilities.

Its survival goes through 1 - P(buy within h days) at each of HORIZONS, with a constant hazard in between, and beyond
the last of them as a fitted model of the time goes on from there: S(t) = S(90) M(t) / M(90).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Beyond = Callable[[Vector], Vector]

HORIZONS = (7, 30, 90)
LIMIT_DAYS = 365
LEVELS = {"lower": 0.1, "median": 0.5, "upper": 0.9}  # quantiles of an interval of 80 %


def monotone(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The closest (rows, horizons) that never falls from one horizon to the next: isotonic regression of each row.

    By its min-max formula (Robertson, Wright & Dykstra 1988, theorem 1.4.4). It keeps the order of rows, so that bounds
    still enclose what they enclosed. [.3, .1, .5] gives [.2, .2, .5].
    """
    n = probability.shape[1]
    means = {(i, k): probability[:, i : k + 1].mean(axis=1) for i in range(n) for k in range(i, n)}
    columns = [
        np.max([np.min([means[i, k] for k in range(j, n)], axis=0) for i in range(j + 1)], axis=0) for j in range(n)
    ]
    return np.column_stack(columns)


def days_by(level: float, probability: npt.NDArray[np.float64], *, beyond: Beyond) -> Vector:
    """Days by which each customer has bought with probability `level`; nan where that is later than LIMIT_DAYS.

    `probability` is (rows, horizons), never falling. `beyond` gives, for a survival from the last horizon on, the
    days at which it is reached; it is 1 at that horizon.
    """
    hazard = np.column_stack([np.zeros(len(probability)), -np.log1p(-np.minimum(probability, 1 - 1e-9))])
    wanted, days = -np.log1p(-level), (0, *HORIZONS)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.maximum(beyond(np.minimum(np.exp(hazard[:, -1] - wanted), 1.0)), HORIZONS[-1])
        for k in reversed(range(len(HORIZONS))):
            share = (wanted - hazard[:, k]) / (hazard[:, k + 1] - hazard[:, k])
            found = np.where(wanted < hazard[:, k + 1], days[k] + share * (days[k + 1] - days[k]), found)
    return np.where(found <= LIMIT_DAYS, found, np.nan)


def as_dates(snapshot_dates: npt.NDArray[np.datetime64], days: Vector) -> npt.NDArray[np.datetime64]:
    """The day that lies `days` after the snapshot's midnight; NaT for nan."""
    known = np.nan_to_num(np.floor(days), nan=0.0).astype("timedelta64[D]")
    return np.where(np.isnan(days), np.datetime64("NaT", "D"), snapshot_dates.astype("datetime64[D]") + known)
