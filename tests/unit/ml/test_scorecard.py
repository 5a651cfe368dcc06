import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientele.ml import score_from_rows, scorecard
from clientele.ml.feature_table import Feature, matrix
from clientele.ml.loans import characteristics
from clientele.ml.periods import draw_of
from clientele.ml.scorecard import Scaling, Scorecard, whole_points
from clientele.ml.sign_logistic import fit_signed


def applicants(n: int = 3_000, seed: int = 1) -> tuple[pa.Table, np.ndarray]:
    rng = np.random.default_rng(seed)
    income, late = rng.lognormal(7.5, 0.5, n), rng.poisson(0.6, n).astype(float)
    work = rng.choice(["salaried", "retired", "student", "self-employed"], n, p=[0.6, 0.2, 0.05, 0.15])
    y = rng.random(n) < 1 / (1 + np.exp(2.2 + 0.8 * np.log(income / 1_800) - 0.7 * late - (work == "student")))
    table = pa.table(
        {
            "income_eur": pa.array(income, mask=rng.random(n) < 0.1),
            "n_late": late,
            "work": pa.array(work, mask=rng.random(n) < 0.05),
            "noise": rng.normal(size=n),
            "is_new": rng.random(n) < 0.3,
        }
    )
    return table, y


def fitted(table: pa.Table, y: np.ndarray, ids: list[str] | None = None) -> Scorecard:
    features, _ = characteristics(table, table.column_names)
    draw = draw_of(ids or [str(k) for k in range(len(y))])
    return Scorecard.fit(matrix(table, features), y, features, draw)


TABLE, Y = applicants()
CARD = fitted(TABLE, Y)
ROWS = CARD.rows(Scaling())


def test_points_and_base_add_up_to_the_score_for_everyone() -> None:
    score = score_from_rows.score(ROWS, TABLE)
    total = np.full(len(Y), ROWS[0]["base_points"])
    for name in {row["characteristic"] for row in ROWS}:
        total += score_from_rows.points([row for row in ROWS if row["characteristic"] == name], TABLE, name)
    assert score.tolist() == total.tolist()
    exact = Scaling().score(CARD.log_odds(matrix(TABLE, CARD.features)))
    assert np.abs(score - exact).max() < 0.51 * len(CARD.characteristics) + 1e-9
    assert abs((score - exact).mean()) < 0.25


def test_the_card_is_calibrated_and_safer_customers_score_higher() -> None:
    pd = score_from_rows.probability(ROWS, score_from_rows.score(ROWS, TABLE))
    assert pd.mean() == pytest.approx(Y.mean(), rel=0.05)
    assert pd[Y].mean() > pd[~Y].mean() + 0.05


def test_every_coefficient_has_the_sign_of_its_evidence() -> None:
    assert (CARD.coefficients > 0).all()
    for one in CARD.characteristics:
        rows = [row for row in ROWS if row["characteristic"] == one.name]
        points, woe = (np.array([row[name] for row in rows]) for name in ("points", "woe"))
        order = np.argsort(woe)
        assert (np.diff(points[order]) >= 0).all()


def test_a_copy_and_its_opposite_never_get_opposite_signs() -> None:
    noisy = np.log(np.nan_to_num(TABLE["income_eur"].to_numpy(zero_copy_only=False), nan=1_800.0))
    both = TABLE.append_column("a", pa.array(noisy)).append_column("b", pa.array(-noisy))
    assert (fitted(both, Y).coefficients > 0).all()


def test_the_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(3).permutation(len(Y))
    again = fitted(TABLE.take(order), Y[order], [str(k) for k in order]).rows(Scaling())
    assert [(row["characteristic"], row["bin"], row["points"], row["n"]) for row in again] == [
        (row["characteristic"], row["bin"], row["points"], row["n"]) for row in ROWS
    ]


def test_unseen_values_are_scored_without_a_crash() -> None:
    strange = pa.table(
        {
            "income_eur": pa.array([1e12, -1e12, None, float("nan"), float("inf")]),
            "n_late": pa.array([99.0, -5.0, None, 0.0, 1.0]),
            "work": pa.array(["astronaut", None, "student", "", "retired"]),
            "noise": pa.array([None] * 5, pa.float64()),
            "is_new": pa.array([True, False, None, True, False]),
        }
    )
    score = score_from_rows.score(ROWS, strange)
    lowest, highest = score_from_rows.score_range(ROWS)
    assert ((lowest <= score) & (score <= highest)).all()
    assert score_from_rows.points([r for r in ROWS if r["characteristic"] == "income_eur"], strange, "income_eur")[
        2
    ] == next(r["points"] for r in ROWS if r["characteristic"] == "income_eur" and r["bin"] == -1)


def test_scaling_by_hand() -> None:
    scaling = Scaling()
    assert scaling.score(-np.log(50)) == pytest.approx(600)
    assert scaling.score(-np.log(100)) == pytest.approx(620)
    assert scaling.probability(600) == pytest.approx(1 / 51)
    assert scaling.factor == pytest.approx(28.8539)
    assert scaling.offset == pytest.approx(487.1229)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.lists(st.floats(-80, 80), min_size=1, max_size=6), min_size=1, max_size=6),
    base=st.floats(200, 900),
)
def test_rounding_moves_no_bin_by_more_than_a_point_and_the_mean_hardly(values: list[list[float]], base: float) -> None:
    arrays = [np.array(of) for of in values]
    points, whole = whole_points(arrays, [np.ones(len(of)) for of in arrays], base)
    shifts = [p - v for p, v in zip(points, arrays, strict=True)]
    assert all(np.ptp(shift) <= 1 + 1e-9 for shift in shifts)
    assert abs(whole + sum(shift.mean() for shift in shifts) - base) <= 0.5 * len(values) + 0.5


def test_recalibration_is_in_the_points() -> None:
    moved = CARD.recalibrated(0.8, 0.3)
    x = matrix(TABLE, CARD.features)
    assert moved.log_odds(x) == pytest.approx(0.8 * CARD.log_odds(x) + 0.3)
    with pytest.raises(ValueError, match="as often or more"):
        CARD.recalibrated(-0.1, 0.0)


@pytest.mark.parametrize("y", [np.zeros(100, bool), np.ones(100, bool)])
def test_one_class_is_refused(y: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one class"):
        Scorecard.fit(np.random.default_rng(1).normal(size=(100, 1)), y, [Feature("a")], np.arange(100) % 6)


def test_noise_makes_no_card() -> None:
    x, y = np.zeros((600, 1)), np.arange(600) % 4 == 0
    with pytest.raises(ValueError, match="no characteristic tells"):
        Scorecard.fit(x, y, [Feature("a")], np.arange(600) % 6)


def test_a_number_that_splits_the_outcomes_is_no_infinite_coefficient() -> None:
    weights = np.where(np.arange(400) < 200, 2.0, -2.0)[:, None]
    intercept, coefficients = fit_signed(weights, np.arange(400) >= 200)
    assert np.isfinite(intercept)
    assert 0 < coefficients[0] < 20


def test_risk_turns_only_where_unseen_cases_bear_it_out() -> None:
    rng = np.random.default_rng(4)
    age, other = rng.uniform(20, 80, 6_000), rng.normal(size=6_000)
    y = rng.random(6_000) < 1 / (1 + np.exp(2.5 - 0.002 * (age - 50) ** 2 - 0.3 * other))
    card = fitted(pa.table({"age": age, "other": other}), y)
    assert {one.name: one.is_monotone for one in card.characteristics} == {"age": False, "other": True}


def test_a_value_with_a_meaning_of_its_own_may_leave_the_order() -> None:
    rng = np.random.default_rng(4)
    balance = np.where(rng.random(6_000) < 0.2, 0.0, rng.normal(0, 1_000, 6_000))
    y = rng.random(6_000) < np.where(balance == 0, 0.3, 1 / (1 + np.exp(2 + balance / 1_000)))
    one = fitted(pa.table({"balance": balance}), y).characteristics[0]
    assert not one.is_monotone
    assert one.woe[one.place(np.array([0.0]))[0]] < one.woe[one.place(np.array([-400.0]))[0]]


def test_what_has_one_bin_leaves_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folds may have told something by chance; in the card it would stand without a point."""
    x = np.column_stack([np.arange(600.0), np.zeros(600)])
    y = (np.arange(600) < 300) & (np.arange(600) % 2 == 0) | (np.arange(600) % 10 == 0)
    monkeypatch.setattr(scorecard, "fit_signed", lambda *_, **__: (0.0, np.ones(2)))
    draw = np.arange(600) % 216
    card = Scorecard.fit(x, y, [Feature("telling"), Feature("alike")], draw)
    assert [one.name for one in card.characteristics] == ["telling"]
    assert card.coefficients.tolist() == [1.0]
    with pytest.raises(ValueError, match="no characteristic tells"):
        Scorecard.fit(x[:, 1:].repeat(2, axis=1), y, [Feature("alike"), Feature("as_much")], draw)
