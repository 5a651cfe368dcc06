from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from clientele.contract import PROJECT_ROOT
from clientele.ml import artifacts
from clientele.monitoring import exact, references, sampled
from clientele.monitoring.both_references import share_of_columns
from clientele.monitoring.columns import ColumnCheck
from clientele.monitoring.drift import NoSnapshotError, check_drift, forget_reports
from clientele.monitoring.results import Measurement, SubjectResult
from clientele.monitoring.settings import Settings
from clientele.monitoring.subjects import Column
from clientele.querying import NoBuildError
from tests.unit.monitoring.conftest import DAY, UNSEEN, score

Change = Callable[[str], None]
NOW = f"where snapshot_date = '{DAY}'"


def by_subject(results: list[SubjectResult]) -> dict[str, SubjectResult]:
    return {result.subject: result for result in results}


def checked(home: Path, settings: Settings, subject: str = "feat_orders") -> SubjectResult:
    return by_subject(check_drift(home, settings=settings))[subject]


def measured(result: SubjectResult, column: str, measure: str) -> Measurement:
    return next(m for m in result.measurements if m.column == column and m.measure == measure)


def test_nothing_drifted(home: Path, settings: Settings) -> None:
    results = by_subject(check_drift(home, settings=settings))
    assert {name: result.status for name, result in results.items()} == {
        "feat_orders": "pass",
        "ml_churn__inputs.non_contractual": "pass",
        "ml_churn__scores.non_contractual": "pass",
    }
    assert results["feat_orders"].reference_date == date(2025, 4, 1)


def test_keys_stamps_and_times_are_not_compared(home: Path, settings: Settings) -> None:
    columns = {m.column for m in checked(home, settings).measurements} - {None}
    assert columns == {"n_orders_30d", "spend_lifetime", "channel", "has_consent", "never_filled", "always_one"}


def test_a_model_is_compared_by_what_it_reads(home: Path, settings: Settings) -> None:
    result = checked(home, settings, "ml_churn__inputs.non_contractual")
    assert {m.column for m in result.measurements} - {None} == {"n_orders_30d", "channel"}
    assert (result.asset, result.model_version) == ("ml_churn__inputs", "v1")


INPUTS = "ml_churn__inputs.non_contractual"
ONE_MORE = "update features.feat_orders set n_orders_30d = n_orders_30d + 1 where snapshot_date >= '{day}'"


def share(result: SubjectResult) -> tuple[float | None, str]:
    found = next(m for m in result.measurements if m.measure == "drifted_column_share")
    return found.value, found.message


def test_inputs_that_had_drifted_by_the_fit_are_recorded_and_ask_for_no_other(
    home: Path, settings: Settings, change: Change
) -> None:
    change(ONE_MORE.format(day=UNSEEN))  # what the champion first met was otherwise already than what it learnt from
    result = checked(home, settings, INPUTS)
    assert (result.status, share(result)) == ("pass", (0, "0 of 2 columns"))
    of_column = [m for m in result.measurements if (m.column, m.measure) == ("n_orders_30d", "psi")]
    learnt, met = sorted(of_column, key=lambda m: m.reference or "")
    assert (learnt.reference, learnt.reference_date, learnt.n_reference) == ("learnt", date(2025, 4, 1), 800)
    assert (met.reference, met.reference_date, met.n_reference) == ("met", date(2025, 5, 1), 400)
    assert learnt.excess > 1 > met.excess
    assert learnt.message.startswith("unlike what it learnt from, but not whom it first met. ")
    assert result.message.startswith("1 column is unlike what it learnt from, but not whom it first met")
    named = checked(home, replace(settings, drift_error_on=(INPUTS,)), INPUTS)
    assert named.status == "pass"


def test_inputs_that_drifted_since_the_fit_ask_for_another(home: Path, settings: Settings, change: Change) -> None:
    change(ONE_MORE.format(day=DAY))
    result = checked(home, settings, INPUTS)
    assert (result.status, share(result)) == ("warn", (0.5, "1 of 2 columns"))
    assert {(m.reference, m.column) for m in result.measurements if m.status == "warn"} == {
        ("learnt", "n_orders_30d"), ("met", "n_orders_30d"),
    }  # fmt: skip
    result = checked(home, replace(settings, drift_error_on=(INPUTS,)), INPUTS)
    assert result.status == "fail"


def test_inputs_that_came_back_to_what_was_learnt_have_not_drifted(
    home: Path, settings: Settings, change: Change
) -> None:
    change(ONE_MORE.format(day=UNSEEN))
    change(f"update features.feat_orders set n_orders_30d = n_orders_30d - 1 {NOW}")
    result = checked(home, settings, INPUTS)
    assert (result.status, share(result)) == ("pass", (0, "0 of 2 columns"))
    assert any(m.message.startswith("unlike whom it first met, but not") for m in result.measurements)


def test_where_nobody_was_met_what_was_learnt_decides(home: Path, settings: Settings, change: Change) -> None:
    change(ONE_MORE.format(day=UNSEEN))
    change(f"delete from features.feat_orders where snapshot_date = '{UNSEEN}'")
    result = checked(home, settings, INPUTS)
    assert (result.status, share(result)[0]) == ("warn", 0.5)


def test_where_few_were_met_they_excuse_nothing(home: Path, settings: Settings, change: Change) -> None:
    few = "cast(substr(customer_id, 2) as integer) < 60"
    change(ONE_MORE.format(day=UNSEEN))
    change(f"delete from features.feat_orders where snapshot_date = '{UNSEEN}' and not {few}")
    result = checked(home, settings, INPUTS)
    assert (result.status, share(result)[0]) == ("warn", 0.5)
    assert "not compared with the 60 customers whom it first met: too few" in result.message
    change(f"delete from ml.ml_churn__training_set where not {few}")  # it knows no more of them
    assert {m.reference for m in checked(home, settings, INPUTS).measurements} == {"learnt", "met", None}


def test_only_the_same_measure_excuses_a_miss(home: Path, settings: Settings, change: Change) -> None:
    # Of whom it met 20 have a value, of others 40: of the nulls alone it can be said that they are as they were.
    for table in ("features.feat_orders", "ml.ml_churn__training_set"):
        change(f"update {table} set n_orders_30d = null where cast(substr(customer_id, 2) as integer) >= 40")
    change(
        "update features.feat_orders set n_orders_30d = null"
        f" where snapshot_date = '{UNSEEN}' and cast(substr(customer_id, 2) as integer) >= 20"
    )
    change(f"update features.feat_orders set n_orders_30d = n_orders_30d + 2 {NOW}")
    result = checked(home, settings, INPUTS)
    of_column = {(m.reference, m.measure): m for m in result.measurements if m.column == "n_orders_30d"}
    assert of_column["met", "null_rate_difference"].status == "pass"
    assert of_column["met", "psi"].value is None
    assert of_column["learnt", "wasserstein"].status == "warn"
    assert share(result)[0] == 0.5


def test_what_was_learnt_to_the_end_is_not_what_was_met(home: Path, settings: Settings, change: Change) -> None:
    change(
        "insert into ml.ml_churn__training_set select customer_id, snapshot_date, 'non_contractual', false,"
        f" n_orders_30d, spend_lifetime, channel from features.feat_orders where snapshot_date = '{UNSEEN}'"
    )
    change(f"update ml.ml_churn__fit set learnt_to = '{UNSEEN}'")
    result = checked(home, settings, INPUTS)
    assert {m.reference for m in result.measurements} == {"learnt", None}
    change(ONE_MORE.format(day=UNSEEN))  # as the newest day that it has learnt from, which excuses nothing
    assert share(checked(home, settings, INPUTS))[0] == 0.5


def test_what_could_not_be_measured_has_not_drifted() -> None:
    broken = Measurement("wasserstein", "n_orders_30d", status="fail", severity="error")
    fine = Measurement("psi", "n_orders_30d", value=0.1, threshold=0.2)
    found = share_of_columns([broken, fine, replace(fine, column="channel", value=0.3, status="fail")])
    assert (found.value, found.message) == (0.5, "1 of 2 columns")


def test_one_common_new_category_is_found_among_many_rare_ones(settings: Settings) -> None:
    column = Column("country", "category")
    reference = {"DE": 4_000, **{f"rare {number}": 1 for number in range(1_000)}}
    current = {"DE": 4_000, **{f"rarer {number}": 1 for number in range(1_000)}}

    def found(current: dict[str, int]) -> Measurement:
        sides = (exact.Side(sum(counts.values()), 0, counts) for counts in (reference, current))
        compared = exact.Comparison(column, *sides, edges=[], n_independent=5_000)
        sample = sampled.Sample(column, *(np.array(list(counts)) for counts in (reference, current)))
        check = ColumnCheck(compared, sample, settings, "warn")
        return next(m for m in check.measurements() if m.measure == "new_category_share")

    assert (found(current).value, found(current).status) == (0.2, "pass")
    with_one = found({**current, "DE": 3_500, "XX": 500})
    assert (with_one.status, with_one.message.split(",")[0]) == ("warn", "new: XX")
    assert with_one.threshold == pytest.approx(0.0066, abs=0.0001)


def test_a_shift_is_found_with_its_numbers(home: Path, settings: Settings, change: Change) -> None:
    change(f"update features.feat_orders set n_orders_30d = n_orders_30d + 1 {NOW}")
    result = checked(home, settings)
    assert result.status == "warn"
    assert {m.column for m in result.missed} == {"n_orders_30d"}
    assert measured(result, "n_orders_30d", "wasserstein").value == pytest.approx(1 / 1.25**0.5)
    assert measured(result, "n_orders_30d", "psi").message.endswith("25.0% then, 0.0% now")
    assert result.message.startswith("n_orders_30d psi")


def test_empty_and_constant_columns_break_nothing_and_are_named(home: Path, settings: Settings) -> None:
    result = checked(home, settings)
    assert measured(result, "never_filled", "psi").status == "skipped"
    assert measured(result, "always_one", "wasserstein").message == "the sample of the reference holds one value only"
    assert measured(result, "always_one", "psi").value == 0
    assert "not in the report" in result.note
    assert "always_one" in result.note


def test_a_constant_that_moves_is_found(home: Path, settings: Settings, change: Change) -> None:
    change(f"update features.feat_orders set always_one = 0 {NOW}")
    assert measured(checked(home, settings), "always_one", "psi").status == "warn"


def test_a_column_that_loses_all_values_is_found(home: Path, settings: Settings, change: Change) -> None:
    change(f"update features.feat_orders set n_orders_30d = null {NOW}")
    found = measured(checked(home, settings), "n_orders_30d", "null_rate_difference")
    assert (found.value, found.status, found.message) == (1.0, "warn", "nulls 0.0% then, 100.0% now")


def test_a_new_category_is_found_and_named(home: Path, settings: Settings, change: Change) -> None:
    change(f"update features.feat_orders set channel = 'pigeon' {NOW} and channel = 'phone'")
    result = checked(home, settings)
    found = measured(result, "channel", "new_category_share")
    assert (found.value, found.status, found.message) == (0.1, "warn", "new: pigeon")
    assert measured(result, "channel", "jensen_shannon").status == "warn"


def test_small_groups_get_what_chance_may_reach(home: Path, settings: Settings, change: Change) -> None:
    change(f"delete from features.feat_orders {NOW} and cast(substr(customer_id, 2) as integer) >= 40")
    found = measured(checked(home, settings), "n_orders_30d", "psi")
    assert found.threshold is not None
    assert found.threshold > settings.drift_psi_from
    assert found.status == "pass"


def test_few_rows_are_skipped(home: Path, settings: Settings, change: Change) -> None:
    change(f"delete from features.feat_orders {NOW} and cast(substr(customer_id, 2) as integer) >= 5")
    assert (
        "fewer than 30 values: 800 in the reference, 5"
        in measured(checked(home, settings), "n_orders_30d", "psi").message
    )


def test_without_rows_reference_or_champion_a_check_is_skipped(home: Path, settings: Settings, change: Change) -> None:
    change(f"delete from features.feat_orders {NOW}")
    assert checked(home, settings).message == "2025-06-01 has no rows"
    change("delete from features.feat_orders")
    assert checked(home, settings).message == "the reference has no rows"
    change("delete from ml.ml_churn__champion")
    assert "no model has been fitted yet" in checked(home, settings).message


def test_a_champion_without_features_has_no_inputs(home: Path, settings: Settings, change: Change) -> None:
    change("update ml.ml_churn__fit set features_json = '[]'")
    result = checked(home, settings, "ml_churn__inputs.non_contractual")
    assert (result.status, result.message) == ("skipped", "the champion reads no features")


def test_a_champion_is_not_compared_with_the_day_that_it_has_learnt_from(
    home: Path, settings: Settings, change: Change
) -> None:
    change(f"insert into ml.ml_churn__training_set select customer_id, snapshot_date, 'non_contractual', false,"
           f" n_orders_30d, spend_lifetime, channel from features.feat_orders {NOW}")  # fmt: skip
    change(f"update ml.ml_churn__fit set learnt_to = '{DAY}'")
    result = checked(home, settings, INPUTS)
    assert (result.status, result.reference_date) == ("pass", date(2025, 4, 1))
    change(f"update ml.ml_churn__fit set learnt_from = '{DAY}'")
    result = checked(home, settings, INPUTS)
    assert result.status == "skipped"
    assert "would be compared with itself" in result.message


SCORES = "ml_churn__scores.non_contractual"


@pytest.mark.parametrize(
    "broken",
    [
        "update ml.ml_churn__fit set features_json = '[\"gone\"]'",
        "update ml.ml_churn__fit set features_json = '[]'",
        "update ml.ml_churn__champion set artifact = null",
    ],
)
def test_a_champion_that_cannot_be_asked_takes_no_other_check_with_it(
    home: Path, settings: Settings, change: Change, broken: str
) -> None:
    change(broken)
    results = by_subject(check_drift(home, settings=settings))
    assert results[SCORES].status == "skipped"
    assert "cannot score its reference" in results[SCORES].message
    named = checked(home, replace(settings, drift_error_on=(SCORES,)), SCORES)
    assert (named.status, named.severity) == ("fail", "error")
    assert "cannot score its reference" in named.message
    assert results["feat_orders"].status == "pass"


def test_columns_of_scores_that_no_version_writes_any_more_are_left_out(
    home: Path, settings: Settings, change: Change
) -> None:
    change("alter table ml.ml_churn__scores add column odd double")
    assert checked(home, settings, SCORES).status == "pass"


def test_scores_of_a_first_day_are_compared_with_what_the_champion_says_of_days_it_has_not_seen(
    home: Path, settings: Settings, change: Change
) -> None:
    result = checked(home, settings, SCORES)
    assert (result.reference_date, result.status) == (date(2025, 5, 1), "pass")
    same = measured(result, "churn_probability", "psi")
    assert (same.value, same.n_reference, same.n_current) == (0, 400, 400)
    assert {m.column for m in result.measurements} - {None} == {"churn_probability"}
    change(f"update ml.ml_churn__scores set churn_probability = churn_probability / 2 {NOW}")
    assert checked(home, settings, SCORES).status == "warn"


def test_what_was_scored_before_does_not_change_a_verdict(
    home: Path, settings: Settings, scored: Callable[..., None]
) -> None:
    before = checked(home, settings, SCORES).measurements
    for day, version in ((date(2025, 5, 1), "v0"), (date(2025, 5, 20), "v1")):
        scored(day, version)
    assert checked(home, settings, SCORES).measurements == before


def test_scores_drift_with_the_customers(home: Path, settings: Settings, change: Change) -> None:
    change("update features.feat_orders set n_orders_30d = 0 where snapshot_date = '2025-05-01'")
    found = measured(checked(home, settings, SCORES), "churn_probability", "psi")
    assert found.status == "warn"


def test_a_season_that_the_champion_knows_is_no_drift(home: Path, settings: Settings, champion: bytes) -> None:
    """All customers are as they were; June is told of the June before, which was another than May."""
    state = artifacts.unpack(champion, artifacts.sha256(champion))
    days = [np.datetime64(day).astype(int) for day in ("2024-04-01", "2024-05-01", "2024-06-01")]
    state["season"] |= {"days": np.array(days), "levels": np.array([0.0, 0.0, 2.0]), "doubt": 0.5}
    seasonal = artifacts.pack(state)
    with duckdb.connect(str(home / "build.duckdb")) as con:
        con.execute(
            "update ml.ml_churn__champion set artifact = ?, artifact_sha256 = ?", [seasonal, artifacts.sha256(seasonal)]
        )
        before = con.execute("select avg(churn_probability) from ml.ml_churn__scores").fetchall()[0][0]
        con.execute("delete from ml.ml_churn__scores")
        score(con, DAY)
        assert con.execute("select avg(churn_probability) from ml.ml_churn__scores").fetchall()[0][0] > before + 0.1
    found = measured(checked(home, settings, SCORES), "churn_probability", "psi")
    assert (found.value, found.status) == (0, "pass")


@pytest.mark.parametrize(
    ("learnt_to", "fitted_for", "newest", "rows"),
    [
        ("2025-03-01", "2025-06-01", date(2025, 5, 1), 800),  # two months that it has not seen
        ("2025-04-01", "2025-04-15", date(2025, 4, 1), 400),  # none: the newest that it has
        ("2025-05-01", "2025-06-01", date(2025, 5, 1), 400),
        ("2025-06-01", "2025-06-01", date(2025, 5, 1), 400),  # the day itself is no reference
    ],
)
def test_days_to_be_asked_about_had_come_and_were_not_learnt_from(
    home: Path, settings: Settings, change: Change, learnt_to: str, fitted_for: str, newest: date, rows: int
) -> None:
    change(f"update ml.ml_churn__fit set learnt_to = '{learnt_to}', fitted_for = '{fitted_for}'")
    result = checked(home, settings, SCORES)
    assert result.reference_date == newest
    assert measured(result, "churn_probability", "psi").n_reference == rows


def test_only_customers_of_the_kind_that_is_scored_are_asked_about(
    home: Path, settings: Settings, change: Change
) -> None:
    change(
        "create or replace view ml.ml_churn__population as select customer_id, snapshot_date,"
        " case when n_orders_30d = 0 then 'contractual' else 'non_contractual' end as churn_type"
        " from features.feat_orders where channel <> 'app'"
    )
    found = measured(checked(home, settings, SCORES), "churn_probability", "psi")
    assert found.n_reference == 400 - 100 - 20  # every fourth has no orders, 20 of the 40 of the app have some


def test_a_sample_of_the_reference_is_scored(home: Path, settings: Settings) -> None:
    few = replace(settings, drift_sample_rows=100)
    assert measured(checked(home, few, SCORES), "churn_probability", "psi").n_reference == 100


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("update ml.ml_churn__scores set model_version = 'v0'", "2025-06-01 has no scores of version v1"),
        ("update intermediate.int_core__customer_spine set is_training = false", "no training day had come when"),
        ("update ml.ml_churn__fit set fitted_for = '2025-02-01'", "no training day had come when"),
        ("delete from features.feat_orders where snapshot_date = '2025-05-01'", "the reference has no rows"),
        ("update ml.ml_churn__champion set artifact_sha256 = 'other'", "is not opened. Fit anew"),
    ],
)
def test_what_cannot_be_asked_is_skipped_and_says_why(
    home: Path, settings: Settings, change: Change, sql: str, why: str
) -> None:
    change(sql)
    result = checked(home, settings, SCORES)
    assert result.status == "skipped"
    assert why in result.message


def test_every_model_with_scores_can_be_asked() -> None:
    scores = (PROJECT_ROOT / "dbt_project" / "models" / "ml").glob("*/ml_*__scores.*")
    assert {path.parent.name for path in scores} == set(references.ASKED)


@pytest.mark.parametrize("name", ["feat_orders", "feat_orders.n_orders_30d"])
def test_an_error_where_the_var_says_so(home: Path, settings: Settings, change: Change, name: str) -> None:
    change(f"update features.feat_orders set n_orders_30d = n_orders_30d + 1, channel = 'pigeon' {NOW}")
    result = checked(home, replace(settings, drift_error_on=(name,)))
    assert (result.status, result.severity) == ("fail", "error")
    assert measured(result, "channel", "psi").status == ("fail" if name == "feat_orders" else "warn")


def test_results_and_reports_are_the_same_twice(home: Path, settings: Settings) -> None:
    few = replace(settings, drift_sample_rows=100)
    first, second = (check_drift(home, settings=few) for _ in range(2))
    assert [r.measurements for r in first] == [r.measurements for r in second]
    other = check_drift(home, settings=replace(few, seed=7))
    assert [r.measurements for r in first] != [r.measurements for r in other]


def test_the_report_of_evidently_holds_the_worst_columns(home: Path, settings: Settings, change: Change) -> None:
    change(f"update features.feat_orders set n_orders_30d = n_orders_30d + 1 {NOW}")
    report = checked(home, settings).report
    assert report == home / "reports" / "drift" / "2025-06-01" / "feat_orders.html"
    text = report.read_text()
    assert "n_orders_30d" in text
    assert "has_consent" not in text  # two columns, the worst, as the var of these tests says
    assert len(text) < 1_000_000
    script = next(report.parent.parent.glob("evidently-*.js"))
    assert f'src="../{script.name}"' in text
    assert "drawDashboard=" in script.read_text()


def test_a_failing_column_leaves_the_others(home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = sampled.measure

    def failing(sample: sampled.Sample) -> float:
        if sample.column.name == "channel":
            raise RuntimeError("no luck")
        return plain(sample)

    monkeypatch.setattr(sampled, "measure", failing)
    result = checked(home, settings)
    assert measured(result, "channel", "jensen_shannon").message == "RuntimeError: no luck"
    assert result.status == "pass"
    named = checked(home, replace(settings, drift_error_on=("feat_orders.channel",)))
    assert (named.status, named.message.partition(". ")[0]) == ("fail", "channel: RuntimeError: no luck")
    assert measured(result, "n_orders_30d", "wasserstein").value == 0


def test_days_that_were_not_built_are_named(home: Path, settings: Settings) -> None:
    with pytest.raises(
        NoSnapshotError, match="2025-04-01 was not built for all customers; these days were: 2025-06-01"
    ):
        check_drift(home, settings=settings, snapshot_date=date(2025, 4, 1))


def test_without_a_build(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(NoBuildError):
        check_drift(tmp_path, settings=settings)


def test_reports_of_days_long_past_go(tmp_path: Path) -> None:
    for day in ("2025-01-01", "2025-01-02", "2025-01-03"):
        (tmp_path / day).mkdir()
    (tmp_path / "evidently-1.js").touch()
    forget_reports(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2025-01-02", "2025-01-03", "evidently-1.js"]


@pytest.mark.parametrize("name", ["feat_orders", "feat_orders.channel"])
def test_a_failing_table_leaves_the_others(
    home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plain = exact.learn

    def failing(connection: duckdb.DuckDBPyConnection, relation: str, *rest: Any) -> exact.Reference:
        if "features.feat_orders" in relation:
            raise RuntimeError("no luck")
        return plain(connection, relation, *rest)

    monkeypatch.setattr(exact, "learn", failing)
    results = by_subject(check_drift(home, settings=settings))
    assert {subject: result.status for subject, result in results.items()} == {
        "feat_orders": "skipped", INPUTS: "pass", SCORES: "pass",
    }  # fmt: skip
    assert results["feat_orders"].message == "RuntimeError: no luck"
    assert checked(home, replace(settings, drift_error_on=(name,))).status == "fail"
