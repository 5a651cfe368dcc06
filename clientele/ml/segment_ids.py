"""Which segment of a new version is which of the last one, so that an id means the same customers next month."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np

from clientele.ml.feature_table import Matrix
from clientele.ml.segment_clusters import distances


def match(centres: Matrix, last: Matrix) -> dict[int, int]:
    """Places in `centres` to places in `last`, both in one space: the assignment with the least total distance.

    Kuhn's Hungarian method. A pair counts only where the new centre lies nearer to the old one than half way to the
    old one's nearest neighbour: further out it may be nearer to another kind of customers than to its namesake. The one
    segment of all customers matches nothing but its like.
    """
    from scipy.optimize import linear_sum_assignment

    if (len(centres) == 1) != (len(last) == 1):
        return {}
    apart, between = distances(centres, last), distances(last, last)
    np.fill_diagonal(between, np.inf)
    reach = between.min(axis=1) / 2
    pairs = zip(*linear_sum_assignment(apart), strict=True)
    return {int(new): int(old) for new, old in pairs if apart[new, old] < reach[old]}


def number(n: int, matched: dict[int, int], last_ids: Sequence[int], *, next_id: int) -> tuple[int, ...]:
    """Ids of n segments: the last version's for those that match, from `next_id` on for the others, never one twice."""
    new = count(next_id)
    return tuple(last_ids[matched[place]] if place in matched else next(new) for place in range(n))
