"""Unit tests read no data: a run makes them where the code or the vars changed since they passed, and not else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clientele import unit_tests
from clientele.running import EXCLUDED, INCLUDED, VARS_FILE, Asked, building_vars, prepared_build, stored_vars


def are_made(home: Path, asked: Asked) -> bool:
    with prepared_build(home, asked) as prepared:
        return EXCLUDED not in prepared.environment


def test_they_are_made_again_where_something_changed(built_company: Path, copied: Callable, tmp_path: Path) -> None:
    home = copied(built_company, tmp_path / "warehouse")
    assert json.loads((home / unit_tests.PASSED_FILE).read_text()).keys() == {"daily", "train"}
    assert not are_made(home, Asked("daily"))
    assert are_made(home, Asked("run", full_refresh=True))
    (home / VARS_FILE).write_text((home / VARS_FILE).read_text() + "drift_report_columns: 2\n")
    assert not are_made(home, Asked("daily"))
    (home / VARS_FILE).write_text((home / VARS_FILE).read_text() + "churn_horizon_days: 60\n")
    assert are_made(home, Asked("daily"))


def test_those_of_training_are_made_by_a_run_that_trains(built_company: Path, copied: Callable, tmp_path: Path) -> None:
    home = copied(built_company, tmp_path / "warehouse")
    passed = json.loads((home / unit_tests.PASSED_FILE).read_text())
    (home / unit_tests.PASSED_FILE).write_text(json.dumps({"daily": passed["daily"]}))
    assert not are_made(home, Asked("daily"))
    assert are_made(home, Asked("retrain", refit="all"))


@pytest.mark.parametrize(("variable", "kinds"), [(EXCLUDED, "unit_test"), (INCLUDED, "model test"), (None, "")])
def test_none_of_them_counts_as_passed_where_they_were_left_out(
    built_company: Path,
    copied: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    kinds: str,
) -> None:
    home = copied(built_company, tmp_path / "warehouse")
    (home / unit_tests.PASSED_FILE).unlink()
    if variable:
        monkeypatch.setenv(variable, kinds)
    with prepared_build(home, Asked("daily")) as prepared:
        prepared.settle()
    code = unit_tests.code_and_vars(building_vars(stored_vars(home)))
    assert unit_tests.have_passed(home, code, trains=False) == (variable is None)
