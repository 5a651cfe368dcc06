import numpy as np
import pytest

from clientele.monitoring import noise


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


def test_bounds_fall_with_rows() -> None:
    assert noise.wasserstein(100, 100) > noise.wasserstein(10_000, 10_000)
    assert noise.rate(0.0, 100, 100) == 0
    assert noise.jensen_shannon(5, 100, 100) > noise.jensen_shannon(2, 100, 100)
    assert noise.auc(13, 213) == pytest.approx(0.33, abs=0.02)
