"""What the policy says of a score, as customers read it."""

from __future__ import annotations

import pytest

from clientele.explaining.verdict import ASKED, OF_RISK
from clientele.seeds import SEEDS, rows_of

POLICY = [row for _, row in rows_of(SEEDS / "credit_policy.csv")]


def test_every_rule_of_the_policy_can_be_explained() -> None:
    assert {row["rule"] for row in POLICY} <= set(ASKED)


@pytest.mark.parametrize("row", [row for row in POLICY if row["rule"] in OF_RISK], ids=lambda row: row["rule"])
def test_no_reason_of_the_policy_is_that_the_score_is_too_low(row: dict[str, str]) -> None:
    assert "credit_score_reasons" in row["reason"]
    assert not {"probability", "risk", "low"} & set(row["reason"].lower().split())
