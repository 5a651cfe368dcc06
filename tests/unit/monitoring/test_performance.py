from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from clientele.monitoring.performance import check_performance
from clientele.monitoring.results import Measurement, SubjectResult
from clientele.monitoring.settings import Settings
from tests.unit.monitoring.conftest import DAY

Change = Callable[[str], None]
Scored = Callable[..., None]
MATURED = date(2025, 5, 2)  # 30 days before


@pytest.fixture
def ordered(change: Change) -> Callable[..., None]:
    """An order of each customer who meets a condition on i, at a moment; known_from and known_to as given."""

    def put(where: str, at: str = "2025-05-10", known_from: str = "2025-05-10", known_to: str = "null") -> None:
        change(
            f"insert into intermediate.int_commerce__orders select 'c' || i, '{at}', 10, '{known_from}', {known_to}"
            f" from range(400) as t(i) where {where}"
        )

    return put


def only(results: list[SubjectResult]) -> SubjectResult:
    (result,) = results
    return result


def named(result: SubjectResult, measure: str) -> Measurement:
    return next(m for m in result.measurements if m.measure == measure)


def test_a_window_that_has_not_passed_says_when_it_will_have(home: Path, settings: Settings) -> None:
    result = only(check_performance(home, settings=settings))
    assert (result.subject, result.status) == ("ml_churn__scores.non_contractual.churn_probability", "skipped")
    assert "on 2025-07-01 one has" in result.message


def test_the_newest_matured_day_is_measured_beside_what_was_promised(
    home: Path, settings: Settings, scored: Scored, ordered: Callable[..., None]
) -> None:
    scored(date(2025, 4, 20))
    scored(MATURED)
    ordered("i % 100 < 50")  # those of low probability came back: every one of the others was lost
    result = only(check_performance(home, settings=settings))
    assert (result.reference_date, result.model_version) == (MATURED, "v1")
    assert named(result, "auc_change").value == pytest.approx(0.1)
    assert "1.000 now, 0.900 promised" in named(result, "auc_change").message
    assert named(result, "ece").value == pytest.approx(0.25, abs=0.03)  # one group straddles the two halves
    assert named(result, "ece").status == "warn"
    assert named(result, "brier_change").value == pytest.approx(
        sum((k / 100) ** 2 for k in range(50)) / 50 - 0.1, abs=0.01
    )


def test_a_ranking_that_is_gone_is_found(
    home: Path, settings: Settings, scored: Scored, ordered: Callable[..., None]
) -> None:
    scored(MATURED)
    ordered("i % 2 = 0")
    result = only(check_performance(home, settings=settings))
    assert named(result, "auc_change").value == pytest.approx(-0.4, abs=0.02)
    assert named(result, "auc_change").status == "warn"


@pytest.mark.parametrize(
    ("at", "known_from", "known_to", "counts"),
    [
        ("2025-05-02 00:00:00", "2025-05-02", "null", True),  # at the snapshot itself
        ("2025-05-01 23:59:59", "2025-05-02", "null", False),
        ("2025-05-31 23:59:59", "2025-06-01 05:59:59", "null", True),  # late, within the grace
        ("2025-05-31 23:59:59", "2025-06-01 06:00:00", "null", False),
        ("2025-05-10 00:00:00", "2025-05-10", "'2025-05-20'", False),  # corrected away since
    ],
)
def test_outcomes_are_those_that_training_would_see(
    home: Path, settings: Settings, scored: Scored, ordered: Callable[..., None],
    at: str, known_from: str, known_to: str, counts: bool,
) -> None:  # fmt: skip
    scored(MATURED)
    ordered("i % 100 < 10")
    ordered("i % 100 between 10 and 19", at, known_from, known_to)
    message = named(only(check_performance(home, settings=settings)), "ece").message
    assert message.endswith(f"{80 if counts else 90}.0% came")


def test_one_class_alone_tells_nothing(home: Path, settings: Settings, scored: Scored) -> None:
    scored(MATURED)
    result = only(check_performance(home, settings=settings))
    assert (result.status, result.message.split(". ")[0]) == (
        "skipped", "400 customers with the outcome, 0 without: too few to judge by",
    )  # fmt: skip


def test_bias_of_values(home: Path, settings: Settings, change: Change, ordered: Callable[..., None]) -> None:
    change("""
        create table ml.ml_clv__fit as select * replace (
            'clv' as model_name,
            '[{"group_name": "all", "horizon": 30, "mae": 2.0, "bias": 0.0}]' as performance_json
        ), '{"gross_margin_share": 0.5, "annual_discount_rate": 0.0}' as settings_json from ml.ml_churn__fit;
        create table ml.ml_clv__champion as select 'clv' as model_name, 'v1' as model_version, 1 as fit_number;
        create table intermediate.int_commerce__returns (
            customer_id varchar, returned_at timestamp, refund_amount decimal(18, 4),
            known_from timestamp, known_to timestamp
        );
        insert into intermediate.int_commerce__returns
        select 'c' || i, '2025-05-12', 2, '2025-05-12', null from range(400) as t(i);
        create table ml.ml_clv__scores as
        select
            customer_id, date '2025-05-02' as snapshot_date, 8.0 as clv_30d, 'clv' as model_name,
            'v1' as model_version
        from ml.ml_churn__scores
    """)
    ordered("true")
    result = next(r for r in check_performance(home, settings=settings) if r.asset == "ml_clv__scores")
    assert named(result, "bias").value == pytest.approx(1.0)  # (10 - 2) x margin .5 = 4 came, 8 were foretold
    assert named(result, "bias").status == "warn"
    assert named(result, "mae_change").value == pytest.approx(2.0)


def test_a_day_may_be_asked_for(home: Path, settings: Settings, scored: Scored, change: Change) -> None:
    scored(MATURED)
    change("insert into intermediate.int_core__snapshots values ('2025-05-20', true)")
    result = only(check_performance(home, settings=settings, snapshot_date=date(2025, 5, 20)))
    assert (result.snapshot_date, result.status) == (date(2025, 5, 20), "skipped")
    assert DAY not in (result.reference_date, result.snapshot_date)


def test_a_forecast_that_cannot_be_looked_up_takes_no_other_check_with_it(
    home: Path, settings: Settings, scored: Scored, change: Change
) -> None:
    scored(MATURED)
    change("drop table intermediate.int_commerce__orders")
    result = only(check_performance(home, settings=settings))
    assert result.status == "skipped"
    assert "CatalogException" in result.message
    strict = replace(settings, drift_error_on=("ml_churn__scores",))
    assert only(check_performance(home, settings=strict)).status == "fail"
