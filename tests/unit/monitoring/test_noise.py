import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from clientele.monitoring import exact, noise


def test_worked_number_of_the_docstring() -> None:
    assert noise.psi(10, 235, 4_134) == pytest.approx(0.1516, abs=1e-3)


def test_chance_rarely_passes_the_bound_of_psi() -> None:
    rng, n, m = np.random.default_rng(1), 300, 1_000
    one, other = (rng.multinomial(size, np.full(10, 0.1), 5_000) / size for size in (n, m))
    with np.errstate(divide="ignore"):
        psi = ((one - other) * np.log(one / other)).sum(axis=1)
    assert (psi > noise.psi(10, n, m)).mean() < 0.002
    assert (psi > noise.psi(10, n, m) / 2).mean() > 0.01


def test_chance_rarely_passes_the_bound_of_wasserstein() -> None:
    rng, n = np.random.default_rng(2), 300
    one, other = (np.sort(rng.normal(size=(2_000, n)), axis=1) for _ in range(2))
    distance = np.abs(one - other).mean(axis=1)
    assert (distance > noise.wasserstein(n, n)).mean() < 0.005


def test_a_few_rows_of_a_long_tail_pass_the_drawn_bound_no_more_often() -> None:
    rng, n, m = np.random.default_rng(3), 3_000, 60
    closed = drawn = 0
    for _ in range(200):
        reference, current = (rng.lognormal(sigma=3.0, size=size) for size in (n, m))
        distance = wasserstein_distance(reference, current) / np.std(reference)
        if distance > noise.wasserstein(n, m):
            closed += 1
            drawn += distance > noise.wasserstein_drawn(reference, current, n, seed=1)
    assert closed >= 3
    assert drawn < closed / 2


def test_a_unit_that_is_wrong_in_a_few_of_few_rows_passes_the_drawn_bound() -> None:
    rng, n, m = np.random.default_rng(6), 5_000, 300
    for _ in range(12):
        reference, current = (rng.lognormal(sigma=1.0, size=size) for size in (n, m))
        current[: m // 50] *= 1_000
        distance = wasserstein_distance(reference, current) / np.std(reference)
        assert distance > noise.wasserstein_drawn(reference, current, n, seed=1)


def test_bins_of_a_few_rows_pass_the_drawn_bound_of_psi_no_more_often() -> None:
    rng, n, m = np.random.default_rng(4), 40, 40
    closed = drawn = 0
    for _ in range(4_000):
        one, other = (dict(enumerate(rng.multinomial(size, [0.1] * 10))) for size in (n, m))
        value, both = exact.psi(one, other), {key: one[key] + other[key] for key in one}
        if value > noise.psi(10, n, m):
            closed += 1
            drawn += value > noise.psi_drawn(both, n, m, least_share=exact.LEAST_SHARE, seed=1)
    assert closed >= 10
    assert drawn <= 2


def test_what_moved_passes_the_drawn_bounds() -> None:
    rng = np.random.default_rng(5)
    reference, current = rng.normal(size=3_000), rng.normal(loc=1.0, size=60)
    assert wasserstein_distance(reference, current) > noise.wasserstein_drawn(reference, current, 3_000, seed=1)
    one, other = {"a": 1_500, "b": 1_500}, {"a": 50, "b": 10}
    drawn = noise.psi_drawn({"a": 1_550, "b": 1_510}, 3_000, 60, least_share=exact.LEAST_SHARE, seed=1)
    assert exact.psi(one, other) > drawn


def test_bounds_fall_with_rows() -> None:
    assert noise.wasserstein(100, 100) > noise.wasserstein(10_000, 10_000)
    assert noise.rate(0.0, 100, 100) == 0
    assert noise.jensen_shannon(5, 100, 100) > noise.jensen_shannon(2, 100, 100)
    assert noise.auc(13, 213) == pytest.approx(0.33, abs=0.02)


@pytest.mark.parametrize(("n", "m"), [(60, 60), (150, 150), (1_000, 1_000), (5_000, 5_000), (60, 5_000), (5_000, 60)])
@pytest.mark.parametrize(("categories", "steepness"), [(5, 0), (60, 1), (60, 2), (300, 1)])
def test_categories_that_were_never_met_are_no_news_where_many_are_rare(
    n: int, m: int, categories: int, steepness: float
) -> None:
    rng, shares = np.random.default_rng(42), np.arange(1, categories + 1.0) ** -steepness
    shares /= shares.sum()
    beyond = one_beyond = 0
    for _ in range(1_000):
        reference, current = rng.multinomial(n, shares), rng.multinomial(m, shares)
        met, new = reference[reference > 0], current[reference == 0]
        beyond += new.sum() / m > noise.unseen(n, m, met.tolist())
        one_beyond += new.max(initial=0) / m > noise.unseen_value(n, m, len(met))
    assert beyond <= 3
    assert one_beyond <= 1


def test_what_was_never_met_is_news_where_the_reference_is_large() -> None:
    assert noise.unseen(5_000, 5_000) == pytest.approx(0.0042, abs=0.0001)
    assert noise.unseen(100_000, 5_000, [40_000, 60_000]) < 0.001
    assert noise.unseen(5_000, 5_000, [1] * 1_000 + [4_000]) > 0.2
    assert noise.unseen_value(5_000, 5_000, 1_000) == pytest.approx(0.0066, abs=0.0001)
