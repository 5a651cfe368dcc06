import numpy as np
import pytest

from clientele.ml import artifacts
from clientele.ml.calibration import expit
from clientele.ml.feature_table import Feature
from clientele.ml.no_order import PURCHASES, NoOrder

FEATURES = [Feature(name) for name in ("spend_lifetime", *PURCHASES)]
LABELS = np.zeros(0, bool)


def customers(n: int = 3_000, seed: int = 4) -> np.ndarray:
    """Columns of FEATURES; buyers whose rates differ and who drop out at times."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(30, 700, n)
    repeats = rng.poisson(rng.gamma(1, 1 / 60, n) * age * rng.uniform(0.2, 1, n))
    last = np.where(repeats > 0, rng.uniform(0.3, 1, n) * age, 0)
    return np.column_stack([repeats * 50.0, repeats + 1.0, age - last, age])


def test_terms_add_up_to_the_chance_of_no_order() -> None:
    x = customers()
    model = NoOrder.learner(90)(x, LABELS, FEATURES)
    mine = x[:, 1:]
    chance = model.bg_nbd.probability_of_no_purchase(_as_histories(mine), 90)
    assert expit(model.intercept + model.contributions(mine).sum(axis=1)) == pytest.approx(chance, abs=1e-6)


def _as_histories(x: np.ndarray):  # type: ignore[no-untyped-def]
    from clientele.ml.histories import Histories

    return Histories(np.maximum(x[:, 0] - 1, 0), x[:, 2] - x[:, 1], x[:, 2])


def test_a_one_time_buyer_of_long_ago_is_not_called_safe() -> None:
    """P(alive) would be 1 for the first."""
    model = NoOrder.learner(90)(customers(), LABELS, FEATURES)
    bought_once, buys_often = np.array([1.0, 600.0, 600.0]), np.array([20.0, 5.0, 600.0])
    score = model.intercept + model.contributions(np.array([bought_once, buys_often])).sum(axis=1)
    assert expit(score)[0] > 0.8
    assert expit(score)[1] < 0.2


def test_nothing_counted_is_an_error() -> None:
    with pytest.raises(ValueError, match="n_orders_lifetime"):
        NoOrder.learner(90)(customers()[:, :1], LABELS, FEATURES[:1])


def test_state_gives_the_same_answers() -> None:
    x = customers(500)
    model = NoOrder.learner(90)(x, LABELS, FEATURES)
    packed = artifacts.pack(model.to_state())
    again = NoOrder.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    assert (again.contributions(x[:, 1:]) == model.contributions(x[:, 1:])).all()
