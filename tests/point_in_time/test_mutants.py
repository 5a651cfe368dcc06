"""The point-in-time tests themselves are tested: no weakened time predicate may go unnoticed."""

from __future__ import annotations

import shutil
from datetime import date

import duckdb
import pytest

from tests.point_in_time import emotion_oracle, finance_oracle, lakes, mutants, oracle, warehouse

SNAPSHOT = date(2025, 6, 1)


@pytest.fixture(scope="module", params=[0, 2], ids=["one snapshot", "with training months"])
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """A warehouse to mutate, with the cut warehouse and the oracle attached beside it."""
    home, cut = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("cut")
    lakes.write_edge_lake(home, SNAPSHOT, customers=400, seed=3)
    lakes.cut_lake(home, cut, SNAPSHOT)
    months = {"snapshot_date": SNAPSHOT, "training_months": request.param}
    target = warehouse.build(home, select=warehouse.FEATURES, **months)
    warehouse.build(cut, select=warehouse.FEATURES, **months)
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        days = [
            row[0]
            for row in connection.execute("select snapshot_date from intermediate.int_core__snapshots").fetchall()
        ]
    oracle.write(home, home / "oracle.duckdb", days)
    with duckdb.connect(str(home / "oracle.duckdb")) as connection:
        emotion_oracle.write(connection, home, days)
        finance_oracle.write(connection, home, days)
    # Under its own name, because compiled SQL names the database it was built in.
    (home / "mutated").mkdir()
    connection = duckdb.connect(shutil.copy(home / "build.duckdb", home / "mutated" / "build.duckdb"))
    mutants.hold_staging(connection)
    connection.execute(f"attach '{cut}/build.duckdb' as cut (read_only)")
    connection.execute(f"attach '{home}/oracle.duckdb' as oracle (read_only)")
    yield connection, mutants.models(target)
    connection.close()


def test_the_models_agree_with_the_oracle(arena: tuple) -> None:
    connection, models = arena
    for group in [*oracle.COUNTED, *emotion_oracle.GROUPS, finance_oracle.GROUP, "feat_profile", "feat_subscriptions"]:
        assert mutants._difference(connection, models[group], ["oracle"]) is None


def test_every_weakened_time_predicate_is_caught(arena: tuple) -> None:
    connection, models = arena
    made, survivors = 0, []
    for model in models.values():
        for mutant in mutants.mutants(model):
            made += 1
            killer = mutants.killed_by(connection, models, mutant, ["cut", "oracle"])
            if killer is None:
                survivors.append(str(mutant))
    print(f"\nmutants made {made}, killed {made - len(survivors)}, survived {len(survivors)}", *survivors, sep="\n")
    assert made > 100
    assert survivors == []
