"""How large a measure gets by chance alone, so that small groups do not raise alarms for being small.

Each bound is passed by one in NOISE_ODDS comparisons of two samples of one distribution, of n and m independent rows;
those that are drawn, by about one in as many as were drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NOISE_ODDS = 10_000
DRAWS = 2_000
ROWS_WITH_TAIL = 300  # from which a sample of the reference shows how far its values go
LEAST_DEVIATION = 0.001  # what Evidently divides by, where the reference varies less
# Rows from which a mean is as good as normal and no bin empty, whatever the tail of the column.
MANY_ROWS = 2_000


def psi(bins: int, n: float, m: float) -> float:
    """Of the PSI over `bins` bins: (1/n + 1/m) times a chi-square of bins - 1 (Yurdakul & Naranjo 2020).

    10 bins, 235 rows against 4,134: 0.152.
    """
    return _chi_square(bins) * _spread(n, m)


def jensen_shannon(bins: int, n: float, m: float) -> float:
    """Of the Jensen-Shannon distance, whose square is an eighth of the same chi-square in small samples (Lin 1991)."""
    return math.sqrt(psi(bins, n, m) / 8)


def wasserstein(n: float, m: float) -> float:
    """Of the Wasserstein distance in standard deviations: that of the difference of two means, its largest part."""
    return _z() * math.sqrt(_spread(n, m))


def psi_drawn(counts: Mapping[Any, int], n: float, m: float, *, least_share: float, seed: int) -> float:
    """Of the same where bins may be empty, for which a chi-square is too small: the greatest of NOISE_ODDS pairs drawn.

    `counts` by bin are those of both sides together; an empty bin counts as `least_share`.
    """
    import numpy as np

    rng, together = np.random.default_rng(seed), np.array([counts[key] for key in sorted(counts)], dtype=float)
    sizes = (max(round(size), 1) for size in (n, m))
    one, other = (
        np.maximum(rng.multinomial(size, together / together.sum(), NOISE_ODDS) / size, least_share) for size in sizes
    )
    return float(((other - one) * np.log(other / one)).sum(axis=1).max())


def wasserstein_drawn(
    reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64], n: float, *, seed: int
) -> float:
    """Of the same where a few values stand far out, and means of few rows are not normal, as wasserstein() has it.

    The greatest distance of DRAWS samples, as large as the smaller side, from all that they are drawn of: the
    reference, so that what is wrong with the snapshot does not count as chance, or both sides together where the `n`
    rows of the reference that are independent are too few to have seen its tail. In standard deviations of the
    reference.
    """
    import numpy as np

    rng, m = np.random.default_rng(seed), len(current)
    size = max(round(min(n, m)), 1)
    known = reference if n >= ROWS_WITH_TAIL else np.concatenate([reference, current])
    values, of_row = np.unique(known, return_inverse=True)
    steps = np.diff(values)

    def below(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.cumsum(np.bincount(rows, minlength=len(values)))[:-1] / len(rows)

    whole = below(of_row)
    # Multiplied and added up without BLAS, whose threads take longer to wake than the work lasts.
    greatest = max(float((np.abs(below(rng.choice(of_row, size)) - whole) * steps).sum()) for _ in range(DRAWS))
    return greatest / max(float(np.std(reference)), LEAST_DEVIATION) * math.sqrt(size * _spread(n, m))


def rate(share: float, n: float, m: float) -> float:
    """Of the difference of two shares that are both `share` (0..1)."""
    return _z() * math.sqrt(share * (1 - share) * _spread(n, m))


def unseen(n: float, m: float, counts: Iterable[float] = ()) -> float:
    """Of the share of m rows whose value is not among n rows of the same: new categories, or nulls where none were.

    What is there and was never met has about the share that was met once of `counts` by value (Good 1953), give or take
    sqrt(f1 (1 - f1/n) + 2 f2) / n with f1 values met once and f2 met twice (Esty 1983); one value has up to
    ln(NOISE_ODDS) / n of the rows. No value met once, 5,000 rows and 5,000: 0.0042.
    """
    met = [max(round(count), 1) for count in counts]
    once, twice = met.count(1), met.count(2)
    deviation = math.sqrt(once * max(1 - once / max(n, 1), 0) + 2 * twice)
    share = min(max((once + _z() * deviation) / max(n, 1), math.log(NOISE_ODDS) / max(n, 1)), 1)
    return share + _z() * math.sqrt(share * (1 - share) / max(m, 1))


def unseen_value(n: float, m: int, values: int) -> float:
    """Of the share of m rows with one value that is not among n rows of the same, whichever of `values` it is.

    However many rare values there are, none of them is common: 1,000 values, 5,000 rows and 5,000: 0.0066. Counted
    exactly, as two of 60 rows with one rare value are more usual than a normal distribution has them.
    """
    from scipy.stats import binom

    share = min(math.log(NOISE_ODDS * max(values, 1)) / max(n, 1), 1)
    return float(binom.isf(1 / NOISE_ODDS, m, share)) / max(m, 1)


def auc(positive: int, negative: int) -> float:
    """Of the AUC: the standard error of Mann and Whitney's U where both classes are alike, which is its largest."""
    return _z() * math.sqrt((positive + negative + 1) / (12 * max(positive, 1) * max(negative, 1)))


def _spread(n: float, m: float) -> float:
    return 1 / max(n, 1) + 1 / max(m, 1)


@cache
def _chi_square(bins: int) -> float:
    from scipy.stats import chi2

    return float(chi2.isf(1 / NOISE_ODDS, max(bins - 1, 1)))


@cache
def _z() -> float:
    from scipy.stats import norm

    return float(norm.isf(0.5 / NOISE_ODDS))
