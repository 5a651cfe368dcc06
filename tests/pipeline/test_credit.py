"""Credit in a company of 400 customers, too few of whom defaulted to learn a scorecard from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from clientele.fitting import models_to_fit
from clientele.monitoring.outcomes import Window, outcome_of
from clientele.monitoring.performance import check_performance
from clientele.monitoring.settings import Settings
from clientele.querying import open_published
from tests.pipeline import credit_marts


@pytest.fixture(scope="module")
def connection(built_company: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built_company / "build.duckdb"), read_only=True) as connection:
        yield connection


def test_with_fewer_than_fifty_defaulted_credit_waits_and_says_so(built_company: Path) -> None:
    credit_marts.assert_waiting(built_company, "customers defaulted within the horizon, 50 are needed")
    # Nor is it tried again at every run, and what else there is to know is published.
    assert "credit" not in models_to_fit(built_company)
    with open_published(built_company) as published:
        for table in (name for name in credit_marts.promised() if name.startswith("marts.")):
            assert published.execute(f"select count(*) from {table}").fetchall() == [(0,)]


def test_nothing_is_checked_of_scores_that_there_are_not(built_company: Path) -> None:
    assert all(result.model_name != "credit" for result in check_performance(built_company))


def test_what_performance_is_judged_by_is_what_the_labels_say(
    connection: duckdb.DuckDBPyConnection, built_company: Path
) -> None:
    """The two are written apart. All customers are drawn for training in a company so small."""
    outcome, settings = outcome_of("credit", "pd"), Settings.of_home(built_company)
    assert outcome is not None
    said = "select snapshot_date, credit_default_horizon_days from ml.ml_run"
    newest, horizon = connection.execute(said).fetchall()[0]
    labelled = "select distinct snapshot_date from ml.ml_credit__labels order by 1"
    days: list[date] = [day for (day,) in connection.execute(labelled).fetchall()]
    defaulted = 0
    for day in days:
        window = Window(day, day + timedelta(days=horizon), newest, settings.load_grace_hours)
        realised = connection.execute(
            f"from ({outcome.sql(window)}) select customer_id, realised > 0 order by 1"
        ).fetchall()
        labels = connection.execute(
            "select customer_id, is_default from ml.ml_credit__labels where snapshot_date = ? order by 1", [day]
        ).fetchall()
        assert realised == labels, day
        defaulted += sum(is_default for _, is_default in labels)
    assert len(days) >= 6
    assert defaulted > 10
