from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientele.ml.binning import MISSING, OTHER, Characteristic, Coarse, Fine, as_rows, weight_of_evidence
from clientele.ml.feature_table import Feature
from clientele.ml.steps import Options, shaped_steps

NUMBER, COLOUR = Feature("income"), Feature("colour", ("red", "green", "blue"))


def binned(
    values: np.ndarray, y: np.ndarray, feature: Feature = NUMBER, options: Options | None = None
) -> Characteristic:
    options = options or Options()
    fine = Fine.of(values, feature, options.fine)
    return Coarse.fit(fine, y, options).named(fine)


def drawn(n: int = 2_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n)
    y = rng.random(n) < 1 / (1 + np.exp(2 + values))
    values[rng.random(n) < 0.1] = np.nan
    return values, y


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 400),
    distinct=st.integers(1, 60),
    missing=st.floats(0, 1),
    smoothing=st.floats(0, 200),
)
def test_weights_are_monotone_and_every_row_is_in_one_bin(
    seed: int, n: int, distinct: int, missing: float, smoothing: float
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, distinct, n) * 1.5
    y = rng.random(n) < rng.random()
    values[rng.random(n) < missing] = np.nan
    of = binned(values, y, options=Options(smoothing=smoothing))
    woe = of.woe[: of.size]
    rate = (of.n_default / np.maximum(of.n, 1))[: of.size]
    assert np.isfinite(of.woe).all()
    assert of.n.sum() == n
    assert of.n_default.sum() == y.sum()
    assert of.n[of.size] == np.isnan(values).sum()
    steps = np.diff(rate[of.n[: of.size] > 0])
    assert (steps >= -1e-12).all() or (steps <= 1e-12).all()
    assert of.is_monotone
    assert len(woe) <= Options().most
    counted = np.bincount(of.place(values), minlength=len(of.n))
    assert counted.tolist() == of.n.tolist()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 12))
def test_no_monotone_bins_are_likelier(seed: int, n: int) -> None:
    """Against every way to cut a few fine bins, without least sizes."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(5, 30, n).astype(float)
    bad = rng.binomial(rows.astype(int), rng.random(n)).astype(float)
    options = Options(most=4, fewest_share=0, fewest_events=0, smoothing=0)

    def likelihood(ends: list[int]) -> tuple[float, np.ndarray]:
        of = np.add.reduceat(rows, [0, *ends[:-1]]), np.add.reduceat(bad, [0, *ends[:-1]])
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = of[1] * np.log(of[1] / of[0]), (of[0] - of[1]) * np.log(1 - of[1] / of[0])
        return float(np.nansum(terms)), of[1] / of[0]

    best = -np.inf
    for mask in range(2 ** (n - 1)):
        ends = [k + 1 for k in range(n - 1) if mask >> k & 1] + [n]
        told, rate = likelihood(ends)
        is_monotone = (np.diff(rate) >= 0).all() or (np.diff(rate) <= 0).all()
        if len(ends) <= 4 and is_monotone:
            best = max(best, told)
    assert likelihood(shaped_steps(rows, bad, options))[0] == pytest.approx(best)


def test_the_order_of_rows_does_not_matter() -> None:
    values, y = drawn()
    order = np.random.default_rng(5).permutation(len(y))
    one, other = binned(values, y), binned(values[order], y[order])
    assert one.edges.tolist() == other.edges.tolist()
    assert one.woe.tolist() == other.woe.tolist()


def test_values_beyond_what_was_seen_belong_to_the_outer_bins() -> None:
    values, y = drawn()
    of = binned(values, y)
    assert of.place(np.array([-1e300, -np.inf, 1e300, np.inf, np.nan])).tolist() == [
        0, 0, of.size - 1, of.size - 1, of.size,
    ]  # fmt: skip


def test_missing_has_a_bin_of_its_own_also_where_nobody_misses_it() -> None:
    values, y = drawn()
    rows = as_rows(binned(np.nan_to_num(values), y))
    missing = rows[-1]
    assert (missing["bin"], missing["label"], missing["n"], missing["woe"]) == (MISSING, "missing", 0, 0.0)
    worse = y | np.isnan(values)
    assert as_rows(binned(values, worse))[-1]["woe"] < -2


@pytest.mark.parametrize(
    "values", [np.full(50, 7.0), np.full(50, np.nan), np.array([1.0] * 48 + [2.0, np.nan])], ids=["one", "none", "ties"]
)
def test_columns_that_hold_next_to_nothing(values: np.ndarray) -> None:
    y = np.arange(50) % 5 == 0
    of = binned(values, y)
    assert np.isfinite(of.woe).all()
    assert of.n.sum() == 50
    assert (of.place(values) < len(of.n)).all()


def test_bounds_are_the_roundest_numbers_between_neighbours() -> None:
    values = np.array([1_234.5] * 40 + [1_301.2] * 40 + [0.12] * 40)
    y = np.concatenate([np.arange(40) % 3 == 0, np.arange(40) % 8 == 0, np.arange(40) % 2 == 0])
    of = binned(values, y)
    assert of.edges.tolist() == [1_000.0, 1_300.0]
    assert [row["label"] for row in as_rows(of)] == ["below 1,000", "1,000 to < 1,300", "1,300 or more", "missing"]


def test_peaks_only_where_they_are_allowed() -> None:
    values = np.repeat(np.arange(9.0), 100)
    y = np.concatenate([np.arange(100) < 5 + 8 * (4 - abs(k - 4)) for k in range(9)])
    rates = [binned(values, y, options=replace(Options(), turn=turn)) for turn in (np.inf, 3.0)]
    turns = [np.sign(np.diff(of.woe[: of.size])) for of in rates]
    assert len(set(turns[0].tolist())) == 1
    assert {-1.0, 1.0} <= set(turns[1].tolist())


def test_new_and_rare_categories_share_a_bin_that_always_is() -> None:
    codes = np.array([0.0] * 200 + [1.0] * 200 + [2.0] * 200)
    y = np.arange(600) % np.repeat([2, 5, 50], 200) == 0
    of = binned(codes, y, COLOUR)
    rows = as_rows(of)
    assert [row["bin"] for row in rows[-2:]] == [MISSING, OTHER]
    assert rows[-1]["woe"] == rows[-1]["n"] == 0
    assert sorted(c for row in rows for c in row["categories"] or []) == ["blue", "green", "red"]
    # A code after the last is any other category; with rows of it the bin has their weight.
    rare = binned(np.append(codes, [3.0] * 30), np.append(y, [True] * 30), COLOUR)
    assert as_rows(rare)[-1]["n"] == 30
    assert as_rows(rare)[-1]["woe"] < -1


def test_weight_of_evidence_by_hand() -> None:
    n, bad = np.array([100.0, 900.0]), np.array([10.0, 190.0])
    assert weight_of_evidence(n, bad, 0.0)[0] == pytest.approx(np.log(9) - np.log(4))
    assert abs(weight_of_evidence(n, bad, 100.0)[0]) < np.log(9) - np.log(4)
    assert weight_of_evidence(np.array([0.0, 10.0]), np.array([0.0, 3.0]), 20.0)[0] == 0


def test_snapshots_of_the_same_customers_are_no_further_evidence() -> None:
    values, y = drawn(600)
    once = binned(values, y)
    often = binned(np.tile(values, 12), np.tile(y, 12), options=replace(Options(), rows_per_case=12.0))
    assert often.edges.tolist() == once.edges.tolist()
    assert often.woe == pytest.approx(once.woe)


def test_a_weight_can_be_recalculated_from_its_row() -> None:
    values, y = drawn()
    rows = as_rows(binned(values, y))
    n, bad, all_n, all_bad = rows[0]["n"], rows[0]["n_default"], len(y), y.sum()
    lent, rate = rows[0]["smoothing_rows"], all_bad / all_n
    woe = np.log((n - bad + lent * (1 - rate)) / (1 - rate)) - np.log((bad + lent * rate) / rate)
    assert lent == Options().smoothing
    assert rows[0]["woe"] == pytest.approx(woe)
    assert rows[0]["iv"] == pytest.approx(((n - bad) / (all_n - all_bad) - bad / all_bad) * woe)
