import json
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import credit, score_from_rows
from clientele.ml.credit_bounds import Recalibration, slope_of
from clientele.ml.credit_comparison import METRICS, compared
from clientele.ml.promotion import is_open
from clientele.ml.registry import Version
from clientele.ml.scorecard import Scaling

RUN: dict[str, Any] = {
    "snapshot_date": date(2025, 1, 1), "feature_version": "f1", "seed": 42, "refit_models": "", "drifted_models": "",
    "model_max_age_days": 90, "model_max_ece": 0.05, "credit_target_score": 600, "credit_target_odds": 50,
    "credit_pdo": 20,
}  # fmt: skip
MONTHS = [date(2022 + month // 12, month % 12 + 1, 1) for month in range(0, 24, 3)]


def company(n: int = 500, months: list[date] = MONTHS, seed: int = 1) -> pa.Table:
    """The same customers at every snapshot; who is in trouble at one mostly is at the next."""
    rng = np.random.default_rng(seed)
    income, trouble, parts = rng.lognormal(7.5, 0.5, n), rng.normal(size=n), []
    for day in months:
        late = rng.poisson(np.exp(trouble - 0.5)).astype(float)
        log_odds = -2.6 + 1.2 * trouble - 0.5 * np.log(income / 1_800)
        parts.append(
            pa.table(
                {
                    "customer_id": [f"C{k}" for k in range(n)],
                    "snapshot_date": pa.array([day] * n, pa.date32()),
                    "is_default": rng.random(n) < 1 / (1 + np.exp(-log_odds)),
                    "income_eur": pa.array(income, mask=rng.random(n) < 0.1),
                    "n_late_90d": late,
                    "work": rng.choice(["salaried", "student"], n),
                    "always": np.ones(n),
                    "never": pa.nulls(n, pa.float64()),
                    "emotion_valence_30d": pa.array(rng.normal(size=n) - 0.8 * trouble, mask=rng.random(n) < 0.5),
                }
            )
        )
    return pa.concat_tables(parts)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return company()


@pytest.fixture(scope="module")
def first(table: pa.Table) -> pa.Table:
    return credit.fit(table, RUN, None)


@pytest.fixture(scope="module")
def fitted(first: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["algorithm"]: row for row in first.to_pylist()}


def test_only_the_scorecard_is_promoted_and_reads_no_emotion(fitted: dict[str, dict[str, Any]]) -> None:
    assert list(fitted) == list(credit.ALGORITHMS)
    assert [name for name, row in fitted.items() if row["is_promoted"]] == ["scorecard"]
    assert not [name for name in json.loads(fitted["scorecard"]["features_json"]) if name.startswith("emotion_")]
    assert not [name for name in json.loads(fitted["boosting"]["features_json"]) if name.startswith("emotion_")]
    assert "emotion_valence_30d" in json.loads(fitted["scorecard_with_emotion"]["features_json"])
    assert fitted["boosting"]["scorecard_json"] is None
    for name in ("boosting", "scorecard_with_emotion"):
        assert json.loads(fitted[name]["gates_json"])["may_score"].startswith("failed: a ")


def test_rows_are_as_the_warehouse_reads_them(fitted: dict[str, dict[str, Any]], table: pa.Table) -> None:
    row = fitted["scorecard"]
    card = json.loads(row["scorecard_json"])
    assert set(card[0]) == {
        "characteristic", "bin", "label", "lower", "upper", "categories", "n", "n_default", "smoothing_rows", "woe",
        "iv", "coefficient", "points", "reference_points", "base_points", "factor", "pd_offset", "target_score",
        "target_odds", "pdo",
    }  # fmt: skip
    assert all(isinstance(one[name], int) for one in card for name in ("points", "reference_points", "base_points"))
    score, pds = score_from_rows.score(card, table), {one["score"]: one for one in json.loads(row["pd_json"])}
    lowest, highest = score_from_rows.score_range(card)
    assert sorted(pds) == list(range(lowest, highest + 1))
    first = card[0]
    for at in np.unique(score).tolist():
        by_formula = 1 / (1 + np.exp((at - first["pd_offset"]) / first["factor"]))
        assert pds[at]["pd"] == pytest.approx(by_formula)
        assert 0 < pds[at]["pd_lower"] <= pds[at]["pd"] <= pds[at]["pd_upper"] < 1
    for end in ("pd_lower", "pd_upper"):
        assert (np.diff([pds[at][end] for at in sorted(pds)]) <= 0).all()


def test_it_is_measured_out_of_time_and_calibrated(fitted: dict[str, dict[str, Any]], table: pa.Table) -> None:
    row = fitted["scorecard"]
    performance = json.loads(row["performance_json"])
    assert {one["protocol"] for one in performance} == {"out of time"}
    assert performance[0]["gini"] == pytest.approx(2 * performance[0]["auc"] - 1)
    assert performance[0]["ks"] > 0.2
    assert {"bounds_coverage", "brier", "ece", "base_rate", "log_loss"} <= set(performance[0])
    card = json.loads(row["scorecard_json"])
    pd = score_from_rows.probability(card, score_from_rows.score(card, table))
    assert pd.mean() == pytest.approx(np.mean(table["is_default"].to_pylist()), rel=0.15)
    assert "always left out: one value only; never left out: all missing" in row["message"]


def test_what_the_backtest_told_is_kept_by_customer(fitted: dict[str, dict[str, Any]]) -> None:
    newest = json.loads(fitted["scorecard"]["performance_json"])[0]
    told = json.loads(fitted["scorecard"]["backtest_json"])
    assert len(told) == len({(row["customer_id"], row["snapshot_date"]) for row in told}) == newest["n"]
    assert {row["snapshot_date"] for row in told} == {newest["period"]}
    assert np.mean([row["is_default"] for row in told]) == pytest.approx(newest["base_rate"])
    assert np.mean([row["pd"] for row in told]) == pytest.approx(newest["mean_pd"])
    assert fitted["boosting"]["backtest_json"] is None


def test_of_several_snapshots_the_last_tells_of_each_customer() -> None:
    """Less than a horizon of history: measured on other customers, who stand in it month by month."""
    row = credit.fit(company(900, MONTHS[:4]), RUN, None).to_pylist()[0]
    (measured,) = json.loads(row["performance_json"])
    told = json.loads(row["backtest_json"])
    assert measured["protocol"] == "other customers, same time"
    assert 4 * len(told) == measured["n"]
    assert len({row["customer_id"] for row in told}) == len(told)
    assert {row["snapshot_date"] for row in told} == {"2022-10-01"}
    assert measured["n_defaulted"] < measured["n"] * measured["base_rate"]


def test_of_what_is_not_promoted_nothing_is_kept_by_customer(table: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "ALGORITHMS", ("scorecard",))
    monkeypatch.setattr(credit, "_gates", lambda *_: {"calibrated": "failed: by far"})
    (row,) = credit.fit(table, RUN, None).to_pylist()
    assert (row["status"], row["backtest_json"]) == ("challenger", None)


@pytest.mark.parametrize(
    ("mean_pd", "n_defaulted", "n_defaulted_level", "says"),
    [
        (0.10, 50, 200, "passed: 50.0 defaults expected, 50 observed"),
        (0.05, 50, 200, "failed: "),
        (0.20, 50, 200, "failed: "),
        (0.001, 50, 200, "failed: "),
        # Five customers who defaulted, ten times each: chance makes ten of them as well as two or three.
        (0.20, 5, 200, "passed: "),
        (0.25, 5, 200, "failed: "),
        # A level from twenty is itself off by a fifth, and by chance by twice that.
        (0.16, 50, 20, "passed: "),
        (0.16, 50, 200, "failed: "),
        (0.18, 50, 20, "failed: "),
    ],
)
def test_a_level_that_is_off_by_half_is_not_promoted(
    mean_pd: float, n_defaulted: int, n_defaulted_level: int, says: str
) -> None:
    row = {"n": 500, "mean_pd": mean_pd, "base_rate": 0.1}
    row |= {"n_defaulted": n_defaulted, "n_defaulted_level": n_defaulted_level}
    assert credit._right_level([row]).startswith(says)
    # Periods share what they learn from: two of them tell more of the outcomes, and no more of the level.
    of_level = f"{max(1.5, np.exp(1.96 * np.sqrt(1 / (2 * n_defaulted) + 1 / n_defaulted_level))):.2f} at most"
    assert of_level in credit._right_level([row, row])


NEWEST = {
    "group_name": "all", "n": 5_000, "ece": 0.074, "ece_by_chance": 0.02, "base_rate": 0.111, "auc": 0.75, "slope": 1.0,
    "slope_error": 0.1, "mean_pd": 0.111, "n_defaulted": 555, "n_defaulted_level": 400, "n_defaulted_learnt": 400,
    "n_learnt": 4_000,
}  # fmt: skip


def gates_of(**newest: float) -> dict[str, str]:
    version = Version("credit", "scorecard", 365, n_rows=4_476, state={}, performance=[NEWEST | newest])
    return credit._gates(version, 0.15, 500)


@pytest.mark.parametrize(
    ("newest", "failed"),
    [
        # A third of the tenth that default: below .15, and what flat probabilities give as well.
        ({}, ["calibrated"]),
        ({"ece": 0.027}, []),
        ({"ece_by_chance": 0.08}, []),
        ({"ece": 0.15, "base_rate": 0.5, "mean_pd": 0.5}, ["calibrated"]),
        ({"ece": 0.12, "base_rate": 0.5, "mean_pd": 0.5}, []),
        ({"ece": 0.01, "slope": 2.0}, ["right_slope"]),
        ({"ece": 0.01, "slope": 0.5}, ["right_slope"]),
        ({"ece": 0.01, "slope": 1.4}, []),
        ({"ece": 0.01, "slope": 2.0, "slope_error": 0.6}, []),
    ],
)
def test_flat_probabilities_are_not_calibrated(newest: dict[str, float], failed: list[str]) -> None:
    assert [name for name, text in gates_of(**newest).items() if not text.startswith("passed: ")] == failed


@pytest.mark.parametrize("newest", [{"n_defaulted_learnt": 49, "n_learnt": 201}, {"n_defaulted": 19}])
@pytest.mark.parametrize("ece", [0.01, 0.1])
def test_what_too_few_taught_proves_nothing_of_the_model_in_use(newest: dict[str, float], ece: float) -> None:
    gates = gates_of(ece=ece, slope=3.0, **newest)
    for name in ("calibrated", "right_slope"):
        assert gates[name].startswith("unproven: ")
        assert "not enough to say" in gates[name]
        assert gates[name].endswith("what is in use learnt from 4,476 rows with 500")
    assert is_open(gates)


def test_a_slope_from_few_defaults_is_drawn_to_one_and_the_level_kept() -> None:
    rng = np.random.default_rng(4)
    log_odds = rng.normal(-2.2, 0.9, 40_000)
    y = rng.random(40_000) < 1 / (1 + np.exp(-0.2 * log_odds + 1.8))
    for n, least, most in ((200, 0.4, 0.95), (40_000, 0.15, 0.25)):
        line = Recalibration.fit(log_odds[:n], y[:n], np.arange(n), seed=1).calibration
        assert least < line.slope < most
        assert line.probability(log_odds[:n]).mean() == pytest.approx(y[:n].mean())


def test_a_slope_is_one_where_probabilities_are_right_and_above_where_they_are_flat() -> None:
    rng = np.random.default_rng(5)
    log_odds = rng.normal(-2, 1, 20_000)
    y, case = rng.random(20_000) < 1 / (1 + np.exp(-log_odds)), np.arange(20_000)
    for flatter, slope in ((1.0, 1.0), (0.5, 2.0)):
        found, error = slope_of(1 / (1 + np.exp(-flatter * log_odds)), y, case)
        assert found == pytest.approx(slope, abs=3 * error)
        assert error < 0.1


def test_the_registry_says_how_much_was_measured_and_how_much_is_in_use(fitted: dict[str, dict[str, Any]]) -> None:
    row = fitted["scorecard"]
    newest = json.loads(row["performance_json"])[0]
    assert newest["n_learnt"] < row["n_rows"] == 4_000
    assert row["message"].startswith(f"measured as learnt from {newest['n_learnt']:,} rows with ")
    assert "in use from 4,000 rows with " in row["message"]


def test_every_version_is_held_to_its_level(fitted: dict[str, dict[str, Any]]) -> None:
    for row in fitted.values():
        assert json.loads(row["gates_json"])["right_level"].startswith("passed: ")


def test_differences_come_with_intervals_in_pairs(fitted: dict[str, dict[str, Any]]) -> None:
    rows = json.loads(fitted["scorecard_with_emotion"]["comparison_json"])
    everyone = [row for row in rows if row["population"] == "all"]
    assert [(row["against"], row["metric"]) for row in everyone] == [
        (against, metric) for against in (None, "scorecard") for metric in METRICS
    ]
    assert all(row["lower"] <= row["upper"] for row in rows)
    known = [row for row in rows if row["population"] == "emotion_known"]
    assert 0 < known[0]["n"] < everyone[0]["n"]
    # In pairs: the difference is surer than the two Ginis are.
    gini = {row["against"]: row["upper"] - row["lower"] for row in everyone if row["metric"] == "gini"}
    assert gini["scorecard"] < gini[None]


def test_a_model_against_itself_differs_by_nothing() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(300)
    rows = compared({"a": p, "b": p}, rng.random(300) < p, np.arange(300), against="a", seed=1)
    assert {(row["value"], row["lower"], row["upper"]) for row in rows if row["against"]} == {(0.0, 0.0, 0.0)}


def test_the_measures_are_those_of_the_library() -> None:
    from clientele.ml import metrics

    rng = np.random.default_rng(1)
    p = np.round(rng.random(400), 2)
    y = rng.random(400) < p
    found = {row["metric"]: row["value"] for row in compared({"a": p}, y, np.arange(400), against="a", seed=1)}
    of = metrics.of_probabilities(p, y)
    assert found["gini"] == pytest.approx(2 * of["auc"] - 1)
    assert found["brier"] == pytest.approx(of["brier"])
    assert found["ks"] == pytest.approx(metrics.kolmogorov_smirnov(p, y))
    assert found["ece"] == pytest.approx(of["ece"])
    assert found["expected_to_observed"] == pytest.approx(p.sum() / y.sum())


def test_an_error_of_calibration_lies_within_its_interval_and_not_at_its_edge() -> None:
    rng = np.random.default_rng(3)
    p = rng.beta(1, 8, 500)
    y = rng.random(500) < p
    rows = {row["metric"]: row for row in compared({"a": p}, y, np.arange(500), against="a", seed=1)}
    for metric in ("ece", "ks"):
        row = rows[metric]
        width = row["upper"] - row["lower"]
        assert row["lower"] >= 0
        assert row["lower"] + 0.2 * width < row["value"] < row["upper"] - 0.2 * width, metric


def test_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    p = np.round(rng.random(400), 1)  # many of one score, across the edges of groups
    y, case = rng.random(400) < p, rng.integers(0, 250, 400)
    told = {"a": p, "b": np.round(p * 0.9, 1)}
    rows = compared(told, y, case, against="a", seed=1)
    at = rng.permutation(400)
    again = compared({name: one[at] for name, one in told.items()}, y[at], case[at], against="a", seed=1)
    for row, other in zip(rows, again, strict=True):
        assert other == pytest.approx(row), row["metric"]


def test_few_defaults_give_a_value_without_an_interval() -> None:
    p = np.linspace(0.01, 0.3, 60)
    y = np.arange(60) % 15 == 14
    rows = compared({"a": p, "b": p[::-1]}, y, np.arange(60), against="a", seed=1)
    assert {row["message"] for row in rows} == {"too few to tell: 4 customers defaulted, 20 are needed"}
    assert np.isnan([row[end] for row in rows for end in ("lower", "upper")]).all()
    assert np.isfinite([row["value"] for row in rows]).all()
    # By customers: rows of the same one are no more.
    often = compared({"a": np.tile(p, 9)}, np.tile(y, 9), np.tile(np.arange(60), 9), against="a", seed=1)
    assert {row["message"] for row in often} == {rows[0]["message"]}
    assert {row["message"] for row in compared({"a": p}, ~y, np.arange(60), against="a", seed=1)} == {
        "too few to tell: 4 customers paid back, 20 are needed"
    }


def test_what_emotion_adds_is_not_rounded_away(table: pa.Table) -> None:
    import copy

    from clientele.ml.credit_candidates import fit_candidate
    from clientele.ml.loans import Loans

    loans = Loans.of(table)
    base = fit_candidate(loans.reading(emotion=False), "scorecard", Scaling(), horizon=365, seed=1)
    shadow = copy.copy(base)
    shadow.algorithm = "scorecard_with_emotion"
    # A tenth of a point, which no card of whole points shows.
    shadow.exact = 1 / (1 + np.exp(-np.log(base.exact / (1 - base.exact)) - 0.1 * np.log(2) / 20))
    rows = credit.comparison(loans, [base, shadow], seed=1)
    adds = {row["metric"]: row for row in rows if row["against"] and row["population"] == "all"}
    assert adds["expected_to_observed"]["lower"] > 0
    itself = {row["metric"]: row["value"] for row in rows if not row["against"] and row["population"] == "all"}
    assert itself["gini"] == pytest.approx(base.performance[0]["gini"], abs=0.02)
    values = {
        (row["algorithm"], row["against"], row["metric"]): row["value"] for row in rows if row["population"] == "all"
    }
    for metric in METRICS:
        difference = values["scorecard_with_emotion", "scorecard", metric]
        apart = values["scorecard_with_emotion", None, metric] - values["scorecard", None, metric]
        assert difference == pytest.approx(apart, abs=1e-12), metric


def test_the_last_version_serves_until_there_is_a_reason(table: pa.Table, first: pa.Table) -> None:
    assert credit.fit(table, RUN, first).num_rows == 0
    again = credit.fit(table, RUN | {"refit_models": "credit"}, first)
    assert again.column("model_version").to_pylist() == first.column("model_version").to_pylist()
    assert again.column("scorecard_json").to_pylist() == first.column("scorecard_json").to_pylist()
    assert again.column("fit_reason").to_pylist() == ["asked"] * 3
    other = credit.fit(table, RUN | {"credit_pdo": 40}, first).to_pylist()
    assert other[0]["fit_reason"] == "credit_pdo changed"
    assert credit.read(first.to_pylist()[0]) == json.loads(first.to_pylist()[0]["scorecard_json"])


def test_what_common_sense_has_otherwise_is_noted(table: pa.Table) -> None:
    first = credit.fit(table, RUN, None, {"income_eur": "more", "n_late_90d": "more", "work": "less"}).to_pylist()[0]
    assert "n_late_90d gives more points for less, where common sense has it otherwise" in first["message"]
    assert "income_eur gives" not in first["message"]
    assert "work gives" not in first["message"]


def labelled(table: pa.Table, outcome: list[bool]) -> pa.Table:
    return table.set_column(table.column_names.index("is_default"), "is_default", pa.array(outcome, pa.bool_()))


@pytest.mark.parametrize(
    ("defaulted", "words"),
    [
        (None, "no loan has been watched"),
        (0, "no customers defaulted"),
        (1, "1 customer defaulted within the horizon, 50 are needed"),
        (49, "49 customers defaulted"),
        (500, "no customers paid back"),
    ],
)
def test_too_little_to_learn_from_is_said(defaulted: int | None, words: str) -> None:
    rows = company(500, MONTHS[:2])
    outcome = [k % 500 < (defaulted or 0) for k in range(len(rows))]
    rows = rows.slice(0, 0) if defaulted is None else labelled(rows, outcome)
    found = credit.fit(rows, RUN, None)
    assert found.schema == credit.FIT_SCHEMA
    (row,) = found.to_pylist()
    assert row["status"] == "failed"
    assert row["scorecard_json"] is None
    assert row["message"].startswith(words)


def test_characteristics_that_hold_nothing_make_no_card(table: pa.Table) -> None:
    rows = credit.fit(table.select(["customer_id", "snapshot_date", "is_default", "always", "never"]), RUN, None)
    assert set(rows.column("status").to_pylist()) == {"failed"}
    message = rows.to_pylist()[0]["message"]
    assert message.startswith("no characteristic holds more than one value; always left out: one value only")


def test_without_consent_there_is_no_shadow(table: pa.Table) -> None:
    rows = credit.fit(table.drop_columns(["emotion_valence_30d"]), RUN, None).to_pylist()
    assert rows[0]["status"] == "promoted"
    assert (rows[2]["status"], rows[2]["message"][:20]) == ("failed", "no emotion is known ")


def test_one_snapshot_is_measured_on_other_customers() -> None:
    row = credit.fit(company(900, MONTHS[:1]), RUN, None).to_pylist()[0]
    assert {one["protocol"] for one in json.loads(row["performance_json"])} == {"other customers, same time"}


def test_bounds_widen_where_snapshots_repeat_customers() -> None:
    rng = np.random.default_rng(2)
    log_odds = rng.normal(-2, 1, 600)
    y = rng.random(600) < 1 / (1 + np.exp(-log_odds))
    alone = Recalibration.fit(log_odds, y, np.arange(600), seed=1)
    often = Recalibration.fit(np.tile(log_odds, 6), np.tile(y, 6), np.tile(np.arange(600), 6), seed=1)
    assert often.covariance == pytest.approx(alone.covariance, rel=0.05)
    rows = alone.by_score(Scaling(), 400, 700)
    assert rows[0]["pd"] > rows[-1]["pd"]
    with pytest.raises(ValueError, match="as often or more"):
        Recalibration.fit(-log_odds, y, np.arange(600), seed=1)


def test_bounds_have_no_cliff_where_nobody_defaulted_or_everybody_did() -> None:
    log_odds = np.linspace(-6, 3, 900)
    y = np.zeros(900, dtype=bool)
    y[300:800:7] = True
    y[800:] = True
    fitted = Recalibration.fit(log_odds, y, np.arange(900), seed=1)
    fitted.calibration.spread = 0.5
    rows = fitted.by_score(Scaling(), 400, 680)
    for end in ("pd_lower", "pd_upper"):
        bound = np.array([row[end] for row in rows])
        assert (np.diff(bound) <= 0).all()
        odds = np.log(bound / (1 - bound))
        assert np.abs(np.diff(odds)).max() < 2.0, end  # steps of rates, and none to nothing
    # The best are as good as the line says, and not surer than that.
    assert rows[-1]["pd_lower"] > 1e-5
    assert 1 - rows[0]["pd_upper"] > 1e-5
