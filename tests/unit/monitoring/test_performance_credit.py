"""Probabilities of default against who defaulted: of borrowers and applicants alone, in all and by band."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from clientele.monitoring.monitor import monitor
from clientele.monitoring.performance import check_performance
from clientele.monitoring.results import Measurement, SubjectResult
from clientele.monitoring.settings import Settings
from clientele.records import Records

Change = Callable[[str], None]
SCORED = date(2024, 6, 1)  # 365 days before the day that is checked
# 1,000 customers, scored 10 % (band A, bounds 8 to 12 %) if their number is even, 40 % (band B, 35 to 45 %) if odd.
TABLES = """
create table ml.ml_run as select 90 as credit_default_days_past_due, 31 as credit_application_days;
create table ml.ml_credit__fit as select * replace (
    'credit' as model_name, 365 as horizon_days,
    '[{"group_name": "all", "auc": 0.75, "brier": 0.15, "ece": 0.02}]' as performance_json
) from ml.ml_churn__fit;
create table ml.ml_credit__champion as select 'credit' as model_name, 'v1' as model_version, 1 as fit_number;
create table ml.ml_credit__scores as
select
    'c' || i as customer_id, date '2024-06-01' as snapshot_date, 600 as score,
    if(i % 2 = 0, 0.1, 0.4) as pd, if(i % 2 = 0, 0.08, 0.35) as pd_lower, if(i % 2 = 0, 0.12, 0.45) as pd_upper,
    if(i % 2 = 0, 'A', 'B') as band, 'credit' as model_name, 'v1' as model_version
from range(1000) as t(i);
create table ml.ml_credit__population as
select customer_id, snapshot_date, true as is_training, true as has_open_loan, true as is_performing
from ml.ml_credit__scores;
create table intermediate.int_finance__loans (
    loan_id varchar, customer_id varchar, opened_at timestamp, closed_at timestamp, known_from timestamp,
    known_to timestamp
);
create table intermediate.int_finance__instalments (
    loan_id varchar, customer_id varchar, due_at timestamp, settled_at timestamp, known_from timestamp,
    known_to timestamp
);
"""
AS_PROMISED = "(i % 2 = 0 and i % 20 = 0) or (i % 2 = 1 and i % 10 in (1, 3))"


@pytest.fixture
def lent(home: Path, change: Change) -> Path:
    change(TABLES)
    return home


@pytest.fixture
def stopped(change: Change) -> Callable[..., None]:
    """An instalment of each customer who meets a condition on i, that fell due at a moment and was never paid."""

    def put(
        where: str, due: str = "2024-08-01", settled: str = "null", known: str = "2024-08-01", replaced: str = "null"
    ) -> None:
        change(
            f"insert into intermediate.int_finance__instalments select 'l' || i, 'c' || i, '{due}', {settled},"
            f" '{known}', {replaced} from range(1000) as t(i) where {where}"
        )

    return put


def of_credit(home: Path, settings: Settings) -> SubjectResult:
    return next(r for r in check_performance(home, settings=settings) if r.model_name == "credit")


def named(result: SubjectResult, measure: str, column: str = "pd") -> Measurement:
    return next(m for m in result.measurements if (m.measure, m.column) == (measure, column))


def came(home: Path, settings: Settings) -> str:
    return named(of_credit(home, settings), "ece").message.partition("foretold, ")[2]


def test_what_came_as_it_was_foretold_passes(lent: Path, settings: Settings, stopped: Callable[..., None]) -> None:
    stopped(AS_PROMISED)
    result = of_credit(lent, settings)
    assert (result.subject, result.reference_date, result.status) == ("ml_credit__scores.pd", SCORED, "pass")
    # 50 of 500 and 200 of 500 defaulted: 200 x 450 pairs in order, half of 50 x 450 and of 200 x 300, of 250 x 750.
    assert named(result, "auc_change").value == pytest.approx(0.70 - 0.75)
    assert named(result, "brier_change").value == pytest.approx((0.1 * 0.9 + 0.4 * 0.6) / 2 - 0.15)
    assert named(result, "ece").value == pytest.approx(0.0, abs=1e-9)
    for band in ("A", "B"):
        assert named(result, "rate_outside_bounds", f"band_{band}").value == 0.0
    assert "200 of 500 came (40.0%), bounds 35.0% to 45.0%" in str(
        named(result, "rate_outside_bounds", "band_B").message
    )


@pytest.mark.parametrize(
    ("n_of_20", "status"),
    [(2, "pass"), (3, "warn"), (0, "warn")],  # 10, 15 and 0 % of band A
)
def test_a_band_that_came_otherwise_is_found(
    lent: Path, settings: Settings, stopped: Callable[..., None], n_of_20: int, status: str
) -> None:
    stopped(f"(i % 2 = 0 and i // 2 % 20 < {n_of_20}) or (i % 2 = 1 and i % 10 in (1, 3))")
    found = named(of_credit(lent, settings), "rate_outside_bounds", "band_A")
    assert found.status == status
    assert found.value == pytest.approx({2: 0.0, 3: 0.03, 0: 0.08}[n_of_20])


def test_outside_by_no_more_than_chance_is_no_miss(
    lent: Path, settings: Settings, stopped: Callable[..., None]
) -> None:
    """13 % where 12 is the bound: of 500 customers chance moves it by 2.4 points."""
    stopped("(i % 2 = 0 and i // 2 % 100 < 13) or (i % 2 = 1 and i % 10 in (1, 3))")
    found = named(of_credit(lent, settings), "rate_outside_bounds", "band_A")
    assert (found.value, found.status) == (pytest.approx(0.01), "pass")
    assert found.threshold == pytest.approx(1.645 * (0.12 * 0.88 / 500) ** 0.5)


def test_a_band_of_few_is_not_judged(
    lent: Path, settings: Settings, stopped: Callable[..., None], change: Change
) -> None:
    change("update ml.ml_credit__scores set band = 'C' where customer_id in ('c1', 'c3', 'c5')")
    stopped(AS_PROMISED)
    found = named(of_credit(lent, settings), "rate_outside_bounds", "band_C")
    assert (found.status, found.value) == ("skipped", None)
    assert "1.2 were expected, 10 are needed" in found.message


@pytest.mark.parametrize(
    ("due", "settled", "known", "replaced", "counts"),
    [
        ("2024-03-03", "null", "2024-03-03", "null", True),  # 90 days late at the snapshot itself
        ("2024-03-02 23:59:59", "null", "2024-03-03", "null", False),
        ("2025-03-02 23:59:59", "null", "2025-03-03", "null", True),
        ("2025-03-03", "null", "2025-03-03", "null", False),  # 90 days late at the end of the window
        ("2024-08-01", "timestamp '2024-10-30'", "2024-08-01", "null", True),
        ("2024-08-01", "timestamp '2024-10-29 23:59:59'", "2024-08-01", "null", False),
        ("2024-08-01", "null", "2025-06-01 05:59:59", "null", True),  # known within the grace
        ("2024-08-01", "null", "2025-06-01 06:00:00", "null", False),
        ("2024-08-01", "null", "2024-08-01", "timestamp '2025-01-01'", False),  # corrected away since
    ],
)
def test_a_default_is_that_of_the_label(
    lent: Path, settings: Settings, stopped: Callable[..., None],
    due: str, settled: str, known: str, replaced: str, counts: bool,
) -> None:  # fmt: skip
    stopped("i < 100")
    stopped("i between 100 and 199", due, settled, known, replaced)
    assert came(lent, settings) == ("20.0% came" if counts else "10.0% came")


def test_nothing_is_due_after_a_loan_was_closed(
    lent: Path, settings: Settings, stopped: Callable[..., None], change: Change
) -> None:
    stopped("i < 200")
    change(
        "insert into intermediate.int_finance__loans"
        " select 'l' || i, 'c' || i, '2024-01-01', '2024-07-31', '2024-01-01', null from range(100) as t(i)"
    )
    assert came(lent, settings) == "10.0% came"


def test_only_borrowers_and_applicants_who_performed_are_asked_about(
    lent: Path, settings: Settings, stopped: Callable[..., None], change: Change
) -> None:
    """Of 1,000 scored 300 have no loan, of whom 100 take one within 31 days, and 100 were in default already."""
    stopped("i < 100 or i >= 600")
    change("""
        update ml.ml_credit__population set has_open_loan = false where substr(customer_id, 2)::int >= 700;
        update ml.ml_credit__population set is_performing = false where substr(customer_id, 2)::int between 600 and 699;
        insert into intermediate.int_finance__loans
        select 'n' || i, 'c' || i, if(i < 800, timestamp '2024-07-01 23:59:59', timestamp '2024-07-02'), null,
            timestamp '2024-07-02', null
        from range(700, 900) as t(i)
    """)
    found = named(of_credit(lent, settings), "ece")
    assert found.n_current == 700
    assert found.message.endswith(f"{200 / 700:.1%} came")


def test_fewer_than_ten_defaults_say_nothing_of_the_order(
    lent: Path, settings: Settings, stopped: Callable[..., None]
) -> None:
    stopped("i < 9")
    result = of_credit(lent, settings)
    assert named(result, "ece").status == "skipped"
    assert "9 customers with the outcome, 991 without: too few" in named(result, "ece").message
    # 250 were expected, so that the bands tell all the same.
    assert named(result, "rate_outside_bounds", "band_B").status == "warn"


def test_a_year_that_has_not_passed_says_when_it_will_have(lent: Path, settings: Settings, change: Change) -> None:
    change("update ml.ml_credit__scores set snapshot_date = '2024-06-02'")
    result = of_credit(lent, settings)
    assert result.status == "skipped"
    assert "no window of 365 days has passed since the first scores; on 2025-06-02 one has" in result.message


def test_it_is_on_record_with_the_checks_of_the_day(
    lent: Path, settings: Settings, stopped: Callable[..., None]
) -> None:
    stopped("i % 2 = 0")
    monitor(lent, run_id="a-run", settings=settings)
    rows = [r for r in Records(lent).read("drift_results").to_pylist() if r["subject"] == "ml_credit__scores.pd"]
    assert {r["measure"] for r in rows} == {"auc_change", "brier_change", "ece", "rate_outside_bounds"}
    assert {r["column_name"] for r in rows} == {"pd", "band_A", "band_B"}
    checks = Records(lent).read("check_results").to_pylist()
    assert [
        (c["asset_name"], c["status"]) for c in checks if c["check_name"] == "performance_ml_credit__scores.pd"
    ] == [("ml_credit__scores", "warn")]
