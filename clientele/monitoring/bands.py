"""Whether the customers of each band came to what their probabilities said: the rate against the band's mean bounds."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np
import pyarrow as pa

from clientele.ml.calibration import FEWEST
from clientele.ml.credit_bounds import LEVEL
from clientele.ml.feature_table import as_numbers
from clientele.monitoring.results import SKIPPED, Measurement, over


def by_band(told: pa.Table, severity: str) -> Iterator[Measurement]:
    """How far the rate of each band lies outside its mean bounds; 0 inside.

    A miss is more than chance moves a rate at one of the bounds by, at the level of the bounds themselves: 30 of 1,000
    at bounds of 3.5 to 5 % are .5 points below them, and chance takes a rate of 3.5 % down by 1. A band that expects
    fewer than FEWEST outcomes of either kind is skipped.
    """
    bands, realised = np.array(told["band"].to_pylist()), as_numbers(told["realised"])
    predicted, lower, upper = (as_numbers(told[name]) for name in ("predicted", "lower", "upper"))
    for band in sorted(set(bands.tolist())):
        of = bands == band
        n, rate, expected = int(of.sum()), float(realised[of].mean()), float(predicted[of].sum())
        low, high = float(lower[of].mean()), float(upper[of].mean())
        message = f"{realised[of].sum():,.0f} of {n:,} came ({rate:.1%}), bounds {low:.1%} to {high:.1%}"
        if min(expected, n - expected) < FEWEST:
            yield Measurement(
                "rate_outside_bounds", f"band_{band}", "numeric", n_current=n, severity=severity, status=SKIPPED,
                message=f"{message}: {expected:.1f} were expected, {FEWEST} are needed to tell",
            )  # fmt: skip
            continue
        nearest = low if rate < low else high
        outside, threshold = max(low - rate, rate - high, 0.0), LEVEL * sqrt(nearest * (1 - nearest) / n)
        yield Measurement(
            "rate_outside_bounds", f"band_{band}", "numeric", n_current=n, value=outside, threshold=threshold,
            severity=severity, status=over(outside, threshold, severity), message=message,
        )  # fmt: skip
