"""What the policy says of a score, as customers read it."""

from __future__ import annotations

from datetime import date

import pytest

from clientele.explaining.verdict import ASKED, OF_RISK, _lifted, facts_of
from clientele.seeds import SEEDS, rows_of

# The version that holds now: what was decided by those before stays as it was told.
VERSIONS = [row for _, row in rows_of(SEEDS / "credit_policy.csv")]
POLICY = [row for row in VERSIONS if row["policy_version"] == VERSIONS[-1]["policy_version"]]


def test_every_rule_of_the_policy_can_be_explained() -> None:
    assert {row["rule"] for row in POLICY} <= set(ASKED)


@pytest.mark.parametrize("row", [row for row in POLICY if row["rule"] in OF_RISK], ids=lambda row: row["rule"])
def test_no_reason_of_the_policy_is_that_the_score_is_too_low(row: dict[str, str]) -> None:
    assert "credit_score_reasons" in row["reason"]
    assert not {"probability", "risk", "low"} & set(row["reason"].lower().split())


def test_who_has_no_income_spends_nothing_beyond_it() -> None:
    (rule,) = (row for row in POLICY if row["rule"] == "spends_beyond_income")
    decision = {"pd": 0.05, "income_monthly": 0.0, "snapshot_date": date(2026, 1, 1)}
    facts = facts_of(decision, {"outflow_90d": 900.0, "account_age_days": 200})
    assert not ASKED["spends_beyond_income"](facts, float(rule["threshold"]))


def test_who_spends_beyond_income_is_told_by_how_much() -> None:
    rule = next(row for row in POLICY if row["rule"] == "spends_beyond_income")
    decision = {"pd": 0.02, "income_monthly": 1_000.0}
    spends = facts_of(decision, {"outflow_90d": 3_750.0, "account_age_days": 90.0})
    assert ASKED[rule["rule"]](spends, 1.25)
    assert not ASKED[rule["rule"]](facts_of(decision, {"outflow_90d": 3_749.0}), 1.25)
    assert not ASKED[rule["rule"]](facts_of(decision, {"outflow_90d": 9_000.0, "account_age_days": 89.0}), 1.25)
    ((said, days),) = _lifted(rule, spends, date(2025, 6, 1), 90, "EUR").acts
    assert said.startswith("Spending of ")
    assert days == 90
