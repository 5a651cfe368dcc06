import numpy as np
import pytest

from clientele.ml.calibration import Calibration, Group, expit, groups_of, logit, spread_of


def drawn(n: int, seed: int = 1, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are twice too steep, and outcomes."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0, 1.2, n)
    return 2 * log_odds, rng.random(n) < expit(log_odds + shift)


def test_platt_undoes_a_slope() -> None:
    score, y = drawn(20_000)
    calibration = Calibration.fit(score, y)
    assert calibration.slope == pytest.approx(0.5, abs=0.03)
    assert calibration.offset == pytest.approx(0.0, abs=0.05)


def test_bounds_enclose_the_probability_and_narrow_with_rows() -> None:
    few, many = (Calibration.fit(*drawn(n)) for n in (200, 20_000))
    score = np.linspace(-4, 4, 101)
    for calibration in (few, many):
        lower, upper = calibration.bounds(score)
        assert (lower <= calibration.probability(score)).all()
        assert (calibration.probability(score) <= upper).all()
        assert ((lower >= 0) & (upper <= 1)).all()
    widths = [np.subtract(*c.bounds(score)[::-1]).mean() for c in (few, many)]
    assert widths[1] < widths[0] / 2


def test_venn_abers_is_isotonic_regression_with_one_row_added() -> None:
    """On so few rows that every row is a knot, against scikit-learn on the rows themselves."""
    from sklearn.isotonic import IsotonicRegression

    score, y = drawn(60, seed=5)
    calibration = Calibration.fit(score, y)
    for at in (0, 17, 40, 59):
        for outcome, stored in ((0, calibration.p0), (1, calibration.p1)):
            new = np.sort(score)[at]
            fitted = IsotonicRegression().fit(np.append(score, new), np.append(y, outcome))
            assert stored[at] == pytest.approx(fitted.predict([new])[0], abs=1e-9)


def test_a_score_that_points_the_wrong_way_gives_the_rate() -> None:
    score, y = drawn(2_000)
    calibration = Calibration.fit(-score, y)
    assert calibration.probability(np.array([-3.0, 3.0])) == pytest.approx(y.mean(), abs=1e-6)


def test_one_class_is_an_error() -> None:
    with pytest.raises(ValueError, match="one class"):
        Calibration.fit(np.arange(10.0), np.ones(10, bool))


def period(rng: np.random.Generator, moves: float, size: int) -> list[Group]:
    """Twenty groups whose log-odds move by so much together, and a little each; rates are drawn."""
    moved, groups = rng.normal(0, moves), []
    for probability in np.linspace(0.1, 0.9, 20):
        now = expit(logit(probability) + moved + rng.normal(0, moves / 6))
        rate = float(rng.binomial(size, now)) / size
        groups.append(Group(size, rate, float(probability), float(probability), float(probability)))
    return groups


@pytest.mark.parametrize("size", [120, 2_000])
def test_the_spread_holds_what_moves_in_a_period_to_come(size: int) -> None:
    rng, held = np.random.default_rng(3), []
    for _ in range(300):
        spread = spread_of([period(rng, 0.3, size) for _ in range(8)])
        to_come = period(rng, 0.3, 100_000)  # of so many customers that the rate is the probability
        held.append(np.mean([abs(group.miss) <= spread for group in to_come]))
    assert 0.9 <= np.mean(held) <= 0.98


def test_chance_alone_hardly_widens_bounds() -> None:
    """What small groups miss by chance was once taken for a move: 1.2 in log-odds, of which nothing was real."""
    rng = np.random.default_rng(4)
    spreads = [spread_of([period(rng, 0.0, 140) for _ in range(7)]) for _ in range(100)]
    assert np.mean(spreads) < 0.25
    assert np.max(spreads) < 0.5


def test_more_periods_leave_less_doubt() -> None:
    rng = np.random.default_rng(5)
    one, many = (np.mean([spread_of([period(rng, 0.0, 140) for _ in range(n)]) for _ in range(100)]) for n in (1, 12))
    assert many < one / 2
    assert spread_of([]) == 0


def test_groups_are_of_equal_size_and_in_the_order_of_the_probability() -> None:
    probability = 0.2 + 0.6 * np.random.default_rng(0).random(1_000)
    groups = groups_of(probability, probability, probability, probability > 0.5)
    assert [group.size for group in groups] == [50] * 20
    assert [group.probability for group in groups] == sorted(group.probability for group in groups)
    assert groups[0].rate == 0
    assert groups[-1].rate == 1


def test_neighbours_that_expect_too_little_are_one_group() -> None:
    rare = np.repeat([0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999], 100)
    groups = groups_of(rare, rare, rare, rare > 0.5)
    assert sum(group.size for group in groups) == 700
    for group in groups:
        assert min(group.probability, 1 - group.probability) * group.size >= 10
    assert max(group.size for group in groups) < 350
    (one,) = groups_of(rare[:200], rare[:200], rare[:200], np.zeros(200, dtype=bool))
    assert one.size == 200


def test_bounds_that_hold_are_seen_to_hold_where_outcomes_are_rare() -> None:
    """Without merging, groups of thirty at one in a hundred had a rate of 0, below any lower bound."""
    rng, inside = np.random.default_rng(2), []
    for _ in range(50):
        probability = expit(rng.normal(-4, 1.5, 600))
        lower, upper = expit(logit(probability) - 0.8), expit(logit(probability) + 0.8)
        inside += [group.is_inside for group in groups_of(probability, lower, upper, rng.random(600) < probability)]
    assert np.mean(inside) > 0.93


def test_state_gives_the_same_answers() -> None:
    calibration = Calibration.fit(*drawn(500))
    calibration.spread = 0.3
    again = Calibration.from_state(calibration.to_state())
    score = np.linspace(-3, 3, 11)
    assert (again.bounds(score)[0] == calibration.bounds(score)[0]).all()
