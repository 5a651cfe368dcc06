from datetime import date
from pathlib import Path

import duckdb
import pytest

from clientele.monitoring.refits import Refits, last_fits, models_to_refit

DAY = date(2026, 3, 31)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    fits = {
        "ml_churn__fit": [
            ("churn.contractual", date(2026, 1, 1), 1, True),  # subscribers left since, and no fit is of them
            ("churn.non_contractual", date(2026, 1, 1), 1, True),
            ("churn.non_contractual", date(2026, 3, 1), 2, True),
            ("churn.non_contractual", date(2026, 3, 1), 2, False),  # a challenger of the same fit
        ],
        "ml_clv__fit": [("clv", date(2026, 1, 1), 1, True), ("clv", date(2026, 3, 20), 2, False)],
        "ml_credit__fit": [("credit", date(2026, 1, 1), 1, False)],  # never promoted: it is no champion's age
        "ml_segments__fit": [("segments", date(2026, 2, 1), 1, True), ("segments", date(2026, 5, 1), 2, True)],
    }
    with duckdb.connect(str(tmp_path / "build.duckdb")) as build:
        build.execute("create schema ml")
        for table, rows in fits.items():
            columns = "model_name varchar, fitted_for date, fit_number integer, is_promoted boolean"
            build.execute(f"create table ml.{table} ({columns})")
            build.executemany(f"insert into ml.{table} values (?, ?, ?, ?)", rows)
    return tmp_path


def aged(home: Path, day: date, *, pause_days: int = 7) -> list[str]:
    found = models_to_refit(home, day=day, days=3, max_age_days=30, pause_days=pause_days)
    assert found == Refits([], found.aged)
    return found.aged


def test_champions_are_fitted_anew_by_age_and_after_a_pause(home: Path) -> None:
    assert last_fits(home, DAY)["clv"] == (date(2026, 3, 20), date(2026, 1, 1))
    assert aged(home, date(2026, 1, 30)) == []
    # What was fitted for a later day than the one asked about is newer than a pause.
    assert aged(home, date(2026, 3, 6)) == []
    assert aged(home, date(2026, 3, 8)) == ["churn.contractual"]  # its family was last tried a week ago
    assert aged(home, date(2026, 3, 26)) == ["churn.contractual"]
    assert aged(home, date(2026, 3, 27)) == ["churn.contractual", "clv"]
    assert aged(home, date(2026, 3, 27), pause_days=8) == ["churn.contractual"]
    assert aged(home, DAY) == ["churn.contractual", "churn.non_contractual", "clv"]


def test_without_a_build_no_model_is_old(tmp_path: Path) -> None:
    assert models_to_refit(tmp_path, day=DAY, days=3, max_age_days=30, pause_days=7) == Refits([], [])
