"""Seeds that people edit, asked before a build: what is wrong is told by file, line, column, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clientele import policy, seeds
from clientele.running import VarsError, stored_vars

Edit = Callable[[str, str, str], Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """Replaces once in a seed of a copy of all; returns the copy."""
    folder = tmp_path / "seeds"
    shutil.copytree(seeds.SEEDS, folder)

    def replace(seed: str, old: str, new: str) -> Path:
        path = folder / seed
        assert old in path.read_text(encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        return folder

    return replace


def test_the_seeds_as_they_are_hold_what_they_may() -> None:
    assert seeds.violations() == []
    assert [policy.seed_violations(jurisdiction) for jurisdiction in ("EU", "UK", "US")] == [[], [], []]


@pytest.mark.parametrize(
    ("seed", "old", "new", "said"),
    [
        (
            "consent_policy.csv", "EU,credit,behavioural", "EU,credit,behavioral",
            "consent_policy.csv line 3, column legal_class: 'behavioral' is none of financial, behavioural,"
            " emotion_selfreport, emotion_biometric, protected; did you mean behavioural?",
        ),
        (
            "consent_policy.csv", "EU,credit,behavioural,deny,false", "EU,credit,behavioural,deny,no",
            "consent_policy.csv line 3, column requires_notice: 'no' is not true or false",
        ),
        (
            "consent_policy.csv", "EU,credit,behavioural", "EU,credit,financial",
            "consent_policy.csv line 3, columns jurisdiction, purpose, legal_class: EU, credit, financial is in line 2"
            " already; take one of them out",
        ),
        (
            "credit_policy.csv", "over_indebted,decline,0.5,", "over_indebted,decline,half,",
            "credit_policy.csv line 4, column threshold: 'half' is not a number",
        ),
        (
            "credit_policy.csv", "2020-01-01,1,", "1.1.2020,1,",
            "credit_policy.csv line 2, column valid_from: '1.1.2020' is not a day, as 2026-01-31",
        ),
        (
            "credit_bands.csv", "B,0.01,", ",0.01,",
            "credit_bands.csv line 3, column band: it is empty, and must not be",
        ),
        (
            "credit_bands.csv", "B,0.01,", "A,0.01,",
            "credit_bands.csv line 3, column band: A is in line 2 already; take one of them out",
        ),
        (
            "credit_bands.csv", "0.025,Good", "0.025",
            "credit_bands.csv line 3: it has not as many cells as the header; put a comma between each two",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_column(edit: Edit, seed: str, old: str, new: str, said: str) -> None:
    assert seeds.violations(edit(seed, old, new)) == [said]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "EU,credit,financial,allow", "EU,credit,financial,deny",
            "consent_policy.csv line 2, column verdict: the policy of EU denies credit financial data, of which it is"
            " made; write allow",
        ),
        (
            "EU,credit,financial,allow", "EU,credits,financial,allow",
            "consent_policy.csv line 2, column purpose: 'credits' is none of credit, customer_insight,"
            " emotion_analytics, emotion_credit; did you mean credit?",
        ),
        (
            "EU,credit,protected,deny", "EU,credit,protected,allow",
            "consent_policy.csv line 6, column verdict: protected attributes are allowed to no purpose; write deny",
        ),
        (
            "emotion_biometric,allow,true", "emotion_biometric,allow,false",
            "consent_policy.csv line 13, column requires_notice: biometric emotion is allowed with a notice alone;"
            " write true",
        ),
    ],
)  # fmt: skip
def test_a_policy_that_credit_cannot_follow_is_named_with_its_line(edit: Edit, old: str, new: str, said: str) -> None:
    assert said in policy.seed_violations("EU", edit("consent_policy.csv", old, new) / "consent_policy.csv")


@pytest.mark.parametrize(("jurisdiction", "hint"), [("eu", "; did you mean EU?"), ("FR", "")])
def test_a_jurisdiction_that_is_not_there_is_told_which_are(jurisdiction: str, hint: str) -> None:
    [said] = policy.seed_violations(jurisdiction)
    assert said.endswith(f"consent_policy.csv knows EU, UK, US{hint}")


def test_a_policy_that_cannot_be_followed_stops_before_anything_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "_compiled", lambda *_: pytest.fail("was compiled"))
    with pytest.raises(policy.PolicyError, match="the var jurisdiction is FR"):
        policy.ensure(tmp_path, {}, "FR", {})


def test_what_dbt_says_is_told_once_and_without_its_own_code() -> None:
    said = "\x1b[0m14:27:31  Encountered an error:\n" + 2 * (
        "Runtime Error\n  Compilation Error in model ml_run (dbt_project/models/ml/ml_run.sql)\n"
        "  the var credit_pdo is 400: choose 5 to 100 (vars.yml of the warehouse)\n  \n"
        "  > in macro checked_var (dbt_project/macros/ml/checked_var.sql)\n"
    )
    assert policy._said(said) == "  - the var credit_pdo is 400: choose 5 to 100 (vars.yml of the warehouse)"


def test_a_var_that_is_not_there_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("credit_pd0: 40\nreporting_currency: EUR\n")
    with pytest.raises(VarsError, match="no var is called credit_pd0; did you mean credit_pdo"):
        stored_vars(tmp_path)
