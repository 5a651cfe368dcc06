"""A score explained from stored rows: what was used, what it would take, and that nothing may have been changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from clientele.contract import PROJECT_ROOT
from clientele.explaining import CannotExplainError, Explanation, explain, lines, stored
from clientele.querying import NoBuildError

DAY = date(2026, 1, 1)
OLD = date(2025, 12, 1)


BOUNDS = {
    "below 3": {"upper": 3.0}, "3 to < 10": {"lower": 3.0, "upper": 10.0}, "10 or more": {"lower": 10.0},
    "below 1": {"upper": 1.0}, "1 or more": {"lower": 1.0},
}  # fmt: skip


def word(digits: str) -> int:
    """Bins of up to fifteen characteristics as a score keeps them."""
    return int(digits.ljust(15, "0"), 16)


def bins(characteristic: str, *rows: tuple[int, str, int]) -> list[dict]:
    best = max(points for *_, points in rows)
    return [
        {"characteristic": characteristic, "bin": number, "label": label, "points": points, "reference_points": best}
        | BOUNDS.get(label, {})
        for number, label, points in rows
    ]


CARD = [
    *bins("balance_buffer_days", (-1, "missing", 5), (0, "below 3", -20), (1, "3 to < 10", 4), (2, "10 or more", 25)),
    *bins("days_past_due", (-1, "missing", 0), (0, "below 1", 12), (1, "1 or more", -40)),
]
# Bands by score: C below 600, B from 600, A from 640.
PDS = [
    {"score": score, "pd": 0.005 if score >= 640 else 0.02 if score >= 600 else 0.04, "pd_lower": 0.0, "pd_upper": 0.1}
    for score in range(540, 660)
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """C1 scored by an old version on an old day and by a new one since; C2 has the best there is."""
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        for schema in ("ml", "features", "governance", "seeds", "marts"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table ml.ml_credit__fit as select 'credit' as model_name, unnest(['v1', 'v2']) as model_version,"
            " ?::varchar as scorecard_json, ?::varchar as pd_json",
            [json.dumps(CARD), json.dumps(PDS)],
        )
        connection.execute(
            "create table ml.ml_credit__scores as select *, 'credit' as model_name, 'scorecard' as algorithm,"
            " 'f1' as feature_version, 'run' as run_id, timestamp '2026-01-01 05:00' as scored_at,"
            " 0.04 as pd, 0.02 as pd_lower, 0.06 as pd_upper, 600 as base_points from (values"
            f" ('C1', date '2025-12-01', 540, 'C', [{word('12')}], 'v1'),"
            f" ('C1', date '2026-01-01', 592, 'C', [{word('11')}], 'v2'),"
            f" ('C2', date '2026-01-01', 637, 'B', [{word('31')}], 'v2'))"
            " as rows (customer_id, snapshot_date, score, band, bin_words, model_version)"
        )
        connection.execute(
            "create table features.customer_features as select * from (values"
            " ('C1', date '2026-01-01', 2.75::double, 0), ('C2', date '2026-01-01', 31.0, 0))"
            " as rows (customer_id, snapshot_date, balance_buffer_days, days_past_due)"
        )
        connection.execute(
            "create table governance.feature_catalog as select unnest(['balance_buffer_days', 'days_past_due']) as"
            " feature, 'financial' as legal_class"
        )
        connection.execute(
            "create table governance.model_registry as select 'credit' as model_name, 'too few defaults' as message"
        )
        connection.execute(
            "create table seeds.credit_bands as select * from (values"
            " ('A', 0.0, 0.01), ('B', 0.01, 0.03), ('C', 0.03, 1.01)) as rows (band, pd_from, pd_to)"
        )
        connection.execute(
            "create table seeds.credit_reason_texts as select 'balance_buffer_days' as characteristic,"
            " 'Days that the balance lasts for: {value}' as text, 'Overdrawn by {value} {currency}' as text_negative,"
            " 'No balance is known' as text_missing,"
            " 1.0 as multiplier, 0 as decimals, 'Days covered' as words, 'by_degrees' as can_change,"
            " null::varchar as moves_with"
        )
        connection.execute(
            "create table governance.gov_consent_asof as select * from (values"
            " ('C1', 'emotion_credit', 'consent', true, timestamp '2025-01-01', null::timestamp,"
            "  timestamp '2025-01-01', null::timestamp),"
            " ('C1', 'marketing_email', 'consent', false, timestamp '2025-01-01', timestamp '2025-06-01',"
            "  timestamp '2025-01-01', null::timestamp))"
            " as rows (customer_id, purpose, legal_basis, has_notice, valid_from, valid_to, known_from, known_to)"
        )
    return tmp_path


@pytest.fixture
def changed(home: Path) -> Callable[[str], None]:
    def change(sql: str) -> None:
        with duckdb.connect(str(home / "build.duckdb")) as connection:
            connection.execute(sql)

    return change


def test_points_add_up_and_reasons_are_what_was_lost(home: Path) -> None:
    explanation = explain(home, "C1")
    assert explanation.score["snapshot_date"] == DAY
    used = {one.name: (one.value, one.label, one.points) for one in explanation.characteristics}
    assert used == {"balance_buffer_days": (2.75, "below 3", -20), "days_past_due": (0, "below 1", 12)}
    [(reason, text)] = explanation.reasons
    assert (reason.points_lost, text) == (45, "Days that the balance lasts for: 3")
    assert explanation.legal_classes == ["financial"]
    assert [consent["purpose"] for consent in explanation.consents] == ["emotion_credit"]


@pytest.mark.parametrize(
    ("value", "bin_", "said"),
    [
        (-1234.6, 1, "Overdrawn by 1,235 USD"),
        (0.0, 1, "Days that the balance lasts for: 0"),
        # A half is rounded away from zero, as SQL has it; what rounds to nothing is not negative.
        (2.5, 1, "Days that the balance lasts for: 3"),
        (-0.5, 1, "Overdrawn by 1 USD"),
        (-0.4, 1, "Days that the balance lasts for: 0"),
        (-1e15, 1, "Days covered"),
        ("'-inf'", 1, "Days covered"),
        (None, 0, "No balance is known"),
    ],
)
def test_a_reason_has_words_for_each_sign(
    home: Path, changed: Callable[[str], None], value: float | str | None, bin_: int, said: str
) -> None:
    changed(f"update features.customer_features set balance_buffer_days = {'null' if value is None else value}")
    # The best of days past due costs nothing, so that one reason is left.
    bins, points = word(f"{bin_}1"), {0: 5, 1: -20}[bin_]
    changed(f"update ml.ml_credit__scores set bin_words = [{bins}], score = {600 + points + 12}")
    [(_, text)] = explain(home, "C1", reporting_currency="USD").reasons
    assert text == said


def test_the_smallest_change_is_the_nearest_bin_that_reaches_a_better_band(home: Path) -> None:
    change = explain(home, "C1").change
    # 10 days or more would reach it too, but 3 to 10 is nearer.
    assert change is not None
    assert change.steps == (("Days covered", "below 3", "3 to < 10", 24),)
    assert change.score == 616


def test_what_nobody_can_change_is_not_proposed(home: Path, changed: Callable[[str], None]) -> None:
    changed("update seeds.credit_reason_texts set can_change = 'never'")
    assert explain(home, "C1").change is None


def test_a_gap_between_bands_is_no_error(home: Path, changed: Callable[[str], None]) -> None:
    changed("update seeds.credit_bands set pd_to = 0.015 where band = 'B'")
    assert explain(home, "C1").has_its_band
    changed("delete from seeds.credit_bands where band = 'C'")
    assert not explain(home, "C1").has_its_band


def test_of_bands_that_were_drawn_anew_no_change_is_told(home: Path, changed: Callable[[str], None]) -> None:
    changed("update seeds.credit_bands set pd_to = 0.045 where band = 'B'")
    changed("update seeds.credit_bands set pd_from = 0.045 where band = 'C'")
    explanation = explain(home, "C1")
    assert (explanation.change, explanation.has_its_band) == (None, False)
    assert "The bands were drawn anew since" in "\n".join(lines(explanation))


def test_nothing_reaches_a_better_band_where_all_is_best(home: Path) -> None:
    assert explain(home, "C2").change is None
    assert "No change of up to three things" in "\n".join(lines(explain(home, "C2")))


def test_an_old_score_is_explained_by_the_version_that_gave_it(home: Path, changed: Callable[[str], None]) -> None:
    new = json.dumps([{**row, "points": 2 * row["points"]} for row in CARD]).replace("'", "''")
    changed(f"update ml.ml_credit__fit set scorecard_json = '{new}' where model_version = 'v2'")
    old = explain(home, "C1", OLD)
    assert [one.points for one in old.characteristics] == [-20, -40]
    # Its features are not kept; the bin that the value fell into is.
    assert [(one.value, one.label) for one in old.characteristics] == [(None, "below 3"), (None, "1 or more")]
    assert old.change is not None
    assert {step[0] for step in old.change.steps} == {"Days covered", "days past due"}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("update ml.ml_credit__scores set score = score + 1", "was changed after it was given"),
        (f"update ml.ml_credit__scores set bin_words = [{word('81')}]", "no bin 7 of balance_buffer_days"),
        ("update ml.ml_credit__scores set bin_words = [0, 0]", "30 bins and its scorecard 2 characteristics"),
        ("delete from ml.ml_credit__fit", "no longer in ml.ml_credit__fit"),
        ("delete from ml.ml_credit__scores", "no scorecard serves.*: too few defaults"),
        ("delete from ml.ml_credit__scores where customer_id = 'C1'", "no account, loan or instalment is known"),
        ("drop table ml.ml_credit__scores", "holds no credit scores yet"),
    ],
)
def test_what_does_not_add_up_is_refused(home: Path, changed: Callable[[str], None], sql: str, said: str) -> None:
    changed(sql)
    with pytest.raises(CannotExplainError, match=said):
        explain(home, "C1")


def test_a_day_without_a_score_names_those_that_have_one(home: Path) -> None:
    with pytest.raises(CannotExplainError, match="The newest there are: 2026-01-01, 2025-12-01"):
        explain(home, "C1", date(2025, 11, 1))


def test_nothing_built_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoBuildError):
        explain(tmp_path, "C1")


def test_a_score_that_keeps_its_bins_as_text_is_explained_too(home: Path, changed: Callable[[str], None]) -> None:
    wanted = "\n".join(lines(explain(home, "C1")))
    changed("alter table ml.ml_credit__scores add column bins varchar")
    changed("update ml.ml_credit__scores set bins = '11', bin_words = null where snapshot_date = '2026-01-01'")
    assert "\n".join(lines(explain(home, "C1"))) == wanted


def test_more_than_fifteen_characteristics_take_a_second_number() -> None:
    digits = "0123456789ABCDEF01"
    score = {"bin_words": [word(digits[:15]), word(digits[15:])]}
    assert stored._digits(score, 18) == digits


def test_reasons_are_told_in_the_words_of_the_day(home: Path, changed: Callable[[str], None]) -> None:
    told = "'balance_buffer_days' as characteristic, 'So it was said' as reason, 1 as reason_rank, 'run' as run_id"
    changed(
        "create table ml.ml_credit__reasons as"
        f" select 'C1' as customer_id, unnest([date '2026-01-01', date '2025-12-01']) as snapshot_date, {told}"
    )
    changed("update ml.ml_credit__reasons set run_id = 'an earlier one' where snapshot_date = '2025-12-01'")
    assert [text for _, text in explain(home, "C1").reasons] == ["So it was said"]
    # Of that day's rows none belongs to the score.
    assert "So it was said" not in [text for _, text in explain(home, "C1", OLD).reasons]
    changed("update ml.ml_credit__reasons set characteristic = 'days_past_due'")
    with pytest.raises(CannotExplainError, match="is not what cost most points"):
        explain(home, "C1")


def columns_of(mart: str) -> set[str]:
    (path,) = (PROJECT_ROOT / "dbt_project" / "models" / "marts" / "credit").glob("*__models.yml")
    (model,) = (model for model in yaml.safe_load(path.read_text())["models"] if model["name"] == mart)
    return {column["name"] for column in model["columns"]}


def test_decision_and_offers_of_the_day_are_shown_by_the_columns_that_the_marts_have(
    home: Path, changed: Callable[[str], None]
) -> None:
    decision = {
        "recommendation": "'refer'", "policy_version": "'2025-1'", "rule": "'not_affordable'",
        "rules": "'not_affordable, risk_too_high'", "reason": "'Income does not cover the costs'",
        "reasons": "'Income does not cover the costs; Too risky'", "run_id": "'run'",
    }  # fmt: skip
    # The day was scored again since they decided.
    human = {
        "human_decision": "'approved'", "human_decided_at": "timestamp '2026-01-02 09:30'",
        "recommendation": "'approve'", "run_id": "'before'",
    }  # fmt: skip
    offer = {
        "product": "'starter'", "credit_limit": "1500.0", "apr_from": "0.089", "apr": "0.1", "apr_to": "0.129",
        "expires_on": "date '2026-01-31'", "is_profitable": "true", "run_id": "'run'",
    }  # fmt: skip
    tables = {
        "ml.ml_credit__current_decisions": ("credit_decisions", decision),
        "ml.ml_credit__offers": ("credit_offers", offer),
        "marts.credit_human_decisions": ("credit_human_decisions", human),
    }
    for table, (mart, row) in tables.items():
        assert set(row) <= columns_of(mart)
        of = ", ".join(f"{value} as {name}" for name, value in row.items())
        changed(f"create table {table} as select 'C1' as customer_id, date '2026-01-01' as snapshot_date, {of}")
    changed("insert into ml.ml_credit__offers from ml.ml_credit__offers select * replace ('left over' as run_id)")
    said = "\n".join(lines(explain(home, "C1")))
    assert "Recommendation: refer (policy 2025-1)" in said
    # "Too risky" is another name for a score that is too low: what cost points is the reason.
    reasons = "Income does not cover the costs; Days that the balance lasts for: 3"
    assert f"because: {reasons} (not_affordable, risk_too_high)" in said
    assert "Too risky" not in said
    stands = "stands up to and with 2026-01-30\n"
    assert said.count(f"Offer: starter, up to 1,500 EUR at 10 % a year (8.9 % to 12.9 %), {stands}") == 1
    assert "decided by people: approved at 2026-01-02 09:30 UTC, on an earlier recommendation: approve\n" in said
    changed("update marts.credit_human_decisions set run_id = 'run'")
    assert "UTC, on an earlier recommendation: approve\n" in "\n".join(lines(explain(home, "C1")))
    changed("update marts.credit_human_decisions set recommendation = 'refer'")
    changed("update ml.ml_credit__offers set is_profitable = false")
    said = "\n".join(lines(explain(home, "C1")))
    assert "decided by people: approved at 2026-01-02 09:30 UTC\n" in said
    assert "2026-01-30, expected to lose money\n" in said


def test_a_value_that_was_built_anew_is_not_passed_off_as_what_was_used(
    home: Path, changed: Callable[[str], None]
) -> None:
    changed("update features.customer_features set balance_buffer_days = 12 where customer_id = 'C1'")
    assert explain(home, "C1").characteristics[0].value == "built anew since"


def test_lines_hold_score_points_and_versions(home: Path) -> None:
    said = "\n".join(lines(explain(home, "C1")))
    for words in ("Score 592, band C", "4 % (2 % to 6 %)", "below 3", "+24 points", "v2", "emotion_credit since"):
        assert words in said


@pytest.mark.parametrize(("customer", "said"), [("C9", "no customer is called 'C9'"), (" ", "no customer was named")])
def test_who_is_not_there_is_told_apart_from_who_has_no_score(home: Path, customer: str, said: str) -> None:
    with pytest.raises(CannotExplainError, match=said):
        explain(home, customer)


POLICY = """
    ('in_default', 'decline', null, 'In default', 1), ('days_past_due', 'decline', 30, 'Late', 2),
    ('over_indebted', 'decline', 0.5, 'Instalments take too much', 3), ('not_affordable', 'decline', 0, 'No', 4),
    ('risk_too_high', 'decline', 0.03, 'The probability of default is too high', 5),
    ('income_unknown', 'refer', null, 'Not known', 6), ('risk_unclear', 'refer', 0.01, 'It calls for a look', 7),
    ('stretched', 'refer', 0.35, 'Instalments take a lot', 8), ('spends_beyond_income', 'refer', 1.25, 'Spends', 9)
"""


def decided(changed: Callable[[str], None], **of: str) -> None:
    """C1 as the rules see it: income covers 2,000 a month of which 1,400 are owed, unless said otherwise."""
    row = {
        "recommendation": "'refer'", "policy_verdict": "'decline'", "policy_version": "'p1'", "pd": "0.04",
        "score": "592", "rule": "'risk_too_high'", "rules": "'risk_too_high'", "run_id": "'run'",
        "reason": "'The probability of default is too high'", "reasons": "'The probability of default is too high'",
        "income_monthly": "2000.0", "obligations_monthly": "1400.0", "free_income_monthly": "100.0",
        "debt_service_ratio": "0.2", "affordable_instalment": "100.0", "lawful_basis": "null",
    } | of  # fmt: skip
    values = ", ".join(f"{value} as {name}" for name, value in row.items())
    changed(
        "create table seeds.credit_policy as select 'p1' as policy_version, * from"
        f" (values {POLICY}) as rows (rule, verdict, threshold, reason, place)"
    )
    changed(
        "create table ml.ml_credit__current_decisions as"
        f" select 'C1' as customer_id, date '2026-01-01' as snapshot_date, {values}"
    )


def said_of(explanation: Explanation) -> str:
    return "\n".join(lines(explanation))


def test_what_answers_a_refusal_lifts_the_rule_that_refused(home: Path, changed: Callable[[str], None]) -> None:
    decided(changed)
    explanation = explain(home, "C1")
    assert explanation.answer is not None
    assert [rule["rule"] for rule in explanation.answer.in_the_way] == ["risk_too_high"]
    said = said_of(explanation)
    assert "from declined to referred to people. In the way: risk_too_high." in said
    assert "Days covered: 3 days → 3 days or more (+24 points)" in said
    assert "Then: score 616, probability of default 2 %, band B, all else as it is." in said
    # 2 % is no longer declined, and still above what is approved.
    assert "Still refer by risk_unclear, from 1 %." in said


def test_no_reason_is_that_the_score_is_too_low(home: Path, changed: Callable[[str], None]) -> None:
    decided(changed)
    said = said_of(explain(home, "C1"))
    assert "because: Days that the balance lasts for: 3 (risk_too_high)" in said
    assert "The probability of default is too high" not in said


def test_what_the_rules_looked_at_is_shown_with_thresholds_and_verdict(
    home: Path, changed: Callable[[str], None]
) -> None:
    decided(changed)
    said = said_of(explain(home, "C1"))
    assert "the rules decline; no basis in law for doing so without people is on record" in said
    for words in (
        "income a month 2,000 EUR refer if none is known (income_unknown)",
        "regular costs and instalments a month 1,400 EUR",
        "set aside for living, 25 % of income 500 EUR",
        "left of income a month 100 EUR decline below 0 EUR (not_affordable)",
        "share of income that instalments take 20 % decline from 50 % (over_indebted); refer from 35 % (stretched)",
        "days past due 0 days decline from 30 days (days_past_due)",
        "probability of default 4 % decline from 3 % (risk_too_high, applies); refer from 1 % (risk_unclear, applies)",
    ):
        assert words in " ".join(said.split())


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("-90.0", "1. Regular costs of 1,000 EUR a month lower by 91 EUR, which takes up to 90 days.\n"),
        ("-215.0", "1. Income of 2,000 EUR a month higher by 363 EUR, which takes up to 180 days.\n"),
        ("-900.0", "  - 901 EUR a month are missing, more than a fifth of regular costs (1,000 EUR) or of income"),
    ],
)
def test_what_is_not_affordable_takes_lower_costs_a_higher_income_or_cannot_be(
    home: Path, changed: Callable[[str], None], left: str, said: str
) -> None:
    rule = "'not_affordable'"
    decided(changed, rule=rule, rules=rule, free_income_monthly=left, pd="0.005", debt_service_ratio="0.2")
    assert said in said_of(explain(home, "C1"))


def test_over_indebted_says_that_nothing_within_reach_helps_and_why(home: Path, changed: Callable[[str], None]) -> None:
    decided(changed, rule="'over_indebted'", rules="'over_indebted'", debt_service_ratio="0.8", pd="0.005")
    said = said_of(explain(home, "C1"))
    assert "No change within reach would move the recommendation from declined to referred to people." in said
    assert "Instalments take 80 % of income, and 50 % is too much: they would have to be 601 EUR a month lower" in said


def test_in_default_takes_the_payment_and_the_time_without_another(home: Path, changed: Callable[[str], None]) -> None:
    rules = "'in_default, days_past_due'"
    decided(changed, rule="'in_default'", rules=rules, pd="0.005")
    changed("alter table features.customer_features add column overdue_amount double")
    changed("update features.customer_features set overdue_amount = 555, days_past_due = 45")
    changed(f"update ml.ml_credit__scores set bin_words = [{word('12')}], score = 540")
    said = said_of(explain(home, "C1", credit_probation_days=60))
    assert "1. Pay what is overdue, 555 EUR.\n  2. Stay free of default until 2026-03-02, which takes up to 60" in said


def test_where_credit_reads_without_a_consent_it_says_by_what(home: Path, changed: Callable[[str], None]) -> None:
    changed(
        "create table seeds.consent_policy as select 'EU' as jurisdiction, 'credit' as purpose,"
        " 'financial' as legal_class, 'allow' as verdict, 'Assessed on income' as note"
    )
    assert "may be read for credit by the policy of EU: Assessed on income." in said_of(explain(home, "C1"))
    assert "by the policy" not in said_of(explain(home, "C1", jurisdiction="UK"))


@pytest.mark.parametrize(
    ("outflow", "said"),
    [
        (8100, "1. Spending of 2,700 EUR a month lower by 201 EUR, which takes up to 90 days.\n"),
        (12000, "  - Spending of 4,000 EUR a month would have to be 1,501 EUR lower, more than a fifth"),
    ],
)
def test_who_spends_beyond_income_is_told_by_how_much(
    home: Path, changed: Callable[[str], None], outflow: int, said: str
) -> None:
    rule = "'spends_beyond_income'"
    decided(changed, rule=rule, rules=rule, policy_verdict="'refer'", pd="0.005")
    changed(f"alter table features.customer_features add column outflow_90d double default {outflow}")
    told = said_of(explain(home, "C1"))
    assert "from referred to people to approved. In the way: spends_beyond_income." in told
    assert said in told
