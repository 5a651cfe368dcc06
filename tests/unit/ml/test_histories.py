"""Distinct histories: fewer rows, the same customers."""

import numpy as np
import pytest

from clientele.ml.histories import Histories, distinct_rows

RNG = np.random.default_rng(4)
WHOLE = RNG.integers(0, 4, (3, 400)).astype(float)


@pytest.mark.parametrize(
    "columns",
    [
        WHOLE,
        WHOLE / 3,  # no whole numbers
        WHOLE * [[1], [0.5], [1e9]],
        WHOLE * 2.0**19,  # whole, but at the bound of what is packed as it is
        WHOLE - 2,  # below 0
        np.vstack([WHOLE * 2.0**19] * 3),  # more columns than an int64 holds
    ],
    ids=["whole", "fractions", "mixed", "large", "negative", "many columns"],
)
def test_rows_are_told_apart_by_all_their_columns(columns: np.ndarray) -> None:
    first, of = distinct_rows(*columns)
    assert len(first) == len(np.unique(columns, axis=1).T)
    assert (columns[:, first][:, of] == columns).all()
    assert all((columns[:, :at] != columns[:, [at]]).any(axis=0).all() for at in first)


def test_no_rows_have_no_distinct_ones() -> None:
    first, of = distinct_rows(np.empty(0), np.empty(0))
    assert (len(first), len(of)) == (0, 0)


def test_weights_of_like_customers_add_up() -> None:
    histories = Histories([1, 0, 1, 1], [30.5, 0, 30.5, 31], [90, 90, 90, 90], [1, 2, 3, 4])
    cells = histories.distinct()
    assert sorted(zip(cells.x, cells.t_x, cells.weight, strict=True)) == [(0, 0, 2), (1, 30.5, 4), (1, 31, 4)]
    assert histories.rounded().t_x.tolist() == [30, 0, 30, 31]
