"""As-of replay: drop everything that was not known at D, rebuild, and nothing up to D may change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from clientele.demo import write_demo
from clientele.landing import load
from tests.point_in_time import lakes, warehouse

SNAPSHOT = date(2025, 6, 17)


@pytest.fixture(scope="module")
def edge_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("edge")
    lakes.write_edge_lake(home, SNAPSHOT, customers=300, seed=7)
    return home


def _build(home: Path, **options: object) -> None:
    warehouse.build(home, select=warehouse.FEATURES, writes_manifest=False, **options)


@pytest.fixture(scope="module")
def built(edge_home: Path) -> Path:
    """All that is known of the edge cases, built from scratch at the snapshot. Not to be written to."""
    _build(edge_home, snapshot_date=SNAPSHOT, training_months=3)
    return edge_home


def test_nothing_unknown_at_the_snapshot_reaches_it(built: Path, tmp_path: Path) -> None:
    lakes.cut_lake(built, tmp_path, SNAPSHOT)
    _build(tmp_path, snapshot_date=SNAPSHOT, training_months=3)
    assert warehouse.differences(built, tmp_path, until=SNAPSHOT) == {}


def test_nothing_unknown_reaches_a_snapshot_of_the_demo_company(tmp_path: Path) -> None:
    snapshot = date(2025, 9, 10)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    load(write_demo(tmp_path / "exports", customers=400, seed=5), home=whole)
    lakes.cut_lake(whole, cut, snapshot)
    _build(whole, snapshot_date=snapshot, training_months=3)
    _build(cut, snapshot_date=snapshot, training_months=3)
    assert warehouse.differences(whole, cut, until=snapshot) == {}


def test_training_snapshots_are_what_a_run_of_that_day_saw(built: Path, tmp_path: Path) -> None:
    month = date(2025, 6, 1)
    lakes.cut_lake(built, tmp_path, month)
    _build(tmp_path, snapshot_date=month, training_months=2)
    # Lifetimes hold customers who were not registered yet where a snapshot is for all, and none where it is a sample.
    assert warehouse.differences(built, tmp_path, until=month, layer="features") == {}


def test_a_day_more_equals_building_from_scratch(built: Path, tmp_path: Path) -> None:
    """Late rows, corrections and withdrawals between two runs reach the merged lifetimes exactly."""
    daily, scratch, next_day = tmp_path / "daily", tmp_path / "scratch", SNAPSHOT + timedelta(days=1)
    for home in (daily, scratch):
        lakes.copy_lake(built, home)
    for day in (SNAPSHOT - timedelta(days=9), SNAPSHOT, next_day):
        _build(daily, snapshot_date=day, training_months=2)
    _build(scratch, snapshot_date=next_day, training_months=0)
    for home, day in ((built, SNAPSHOT), (scratch, next_day)):
        only_that_day = warehouse.differences(home, daily, snapshots=[day])
        assert only_that_day == {}, day


@pytest.mark.parametrize("training_months", [0, 2])
def test_a_run_after_each_landing_equals_one_over_all(tmp_path: Path, training_months: int) -> None:
    """Batches land one after another, some of them with a past older than what was built already."""
    once, daily = tmp_path / "once", tmp_path / "daily"
    rows = lakes.edge_rows(SNAPSHOT, customers=120, seed=11)
    cuts = [lakes.midnight(SNAPSHOT) - timedelta(days=20), lakes.midnight(SNAPSHOT), datetime.max]
    batches = lakes.split_by_arrival(rows, cuts)
    batches[0].pop("products")
    batches[2]["products"] = rows["products"]
    batches[2]["fx_rates"] = rows["fx_rates"]
    batches[0].pop("fx_rates"), batches[1].pop("fx_rates")
    months = [date(2025, 5, 1), date(2025, 6, 1)][:training_months]
    lakes.write_lake(once, batches)
    for n, day in enumerate([SNAPSHOT - timedelta(days=20), SNAPSHOT, SNAPSHOT + timedelta(days=9)], start=1):
        lakes.copy_lake(once, daily, batches=n)
        _build(daily, snapshot_date=day, training_months=training_months)
    _build(once, snapshot_date=day, training_months=training_months)
    assert warehouse.differences(once, daily, snapshots=[*months, day]) == {}
