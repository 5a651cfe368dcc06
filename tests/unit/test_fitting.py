"""When a run fits: what has no champion, and can have one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from clientele.fitting import fitted_models, models_to_fit
from clientele.ml.registry import RECIPE
from clientele.running import Asked, CannotRunError, DbtBuild, _prepared, project_vars
from tests import parsing

BUILT = date(2025, 6, 1)
SERVED = [*fitted_models(), "churn.non_contractual", "survival.non_contractual"]


def warehouse(home: Path, *, promoted: list[str], subscribed_on: date | None = None, recipe: int = RECIPE) -> Path:
    """What a run left: champions, and one subscriber at a snapshot."""
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        for schema in ("ml", "features", "intermediate"):
            connection.execute(f"create schema {schema}")
        for model in fitted_models():
            connection.execute(
                f"create table ml.ml_{model}__fit"
                " (model_name varchar, fit_number bigint, is_promoted boolean, recipe integer, fitted_for date)"
            )
            for name in (name for name in promoted if name.split(".")[0] == model):
                connection.execute(f"insert into ml.ml_{model}__fit values ('{name}', 1, true, {recipe}, '{BUILT}')")
        connection.execute(
            f"create table ml.ml_run as select date '{BUILT}' as snapshot_date, 90 as churn_horizon_days"
        )
        connection.execute(
            f"create table intermediate.int_core__snapshots as select date '{BUILT}' as snapshot_date, 1 as lake_batch"
        )
        connection.execute(
            "create table intermediate.int_core__customer_spine"
            " as select 'c' as customer_id, $day as snapshot_date, true as is_training",
            {"day": subscribed_on or BUILT},
        )
        connection.execute(
            "create table features.feat_subscriptions"
            " as select customer_id, snapshot_date, $held as is_subscriber from intermediate.int_core__customer_spine",
            {"held": subscribed_on is not None},
        )
    landed(home, 1, "orders", date(2023, 1, 1))
    return home


def landed(home: Path, batch: int, entity: str, since: date) -> None:
    folder = home / "lake" / "raw" / f"batch={batch}"
    folder.mkdir(parents=True)
    landing = (
        f"select '{entity}' as entity, 1 as rows_landed, timestamp '{since}' as min_loaded_at,"
        f" timestamp '{since}' as max_loaded_at"
    )
    duckdb.sql(landing).write_parquet(str(folder / "landings.parquet"))


def test_without_a_warehouse_every_model_is_to_be_fitted(tmp_path: Path) -> None:
    assert models_to_fit(tmp_path) == fitted_models()


def test_what_has_a_champion_is_not_fitted(tmp_path: Path) -> None:
    assert models_to_fit(warehouse(tmp_path, promoted=SERVED)) == []


def test_what_has_none_or_one_of_another_recipe_is(tmp_path: Path) -> None:
    served = [name for name in SERVED if not name.startswith("clv")]
    assert models_to_fit(warehouse(tmp_path, promoted=served)) == ["clv"]
    (tmp_path / "stored_in_another_way").mkdir()
    home = warehouse(tmp_path / "stored_in_another_way", promoted=SERVED, recipe=RECIPE - 1)
    assert models_to_fit(home) == fitted_models()


@pytest.mark.parametrize(
    ("subscribed_on", "expected"),
    [(date(2025, 3, 3), ["churn", "survival"]), (date(2025, 3, 4), [])],
    ids=["watched_for_the_horizon", "not_by_a_day"],
)
def test_subscribers_are_learnt_from_once_they_were_watched(
    tmp_path: Path, subscribed_on: date, expected: list[str]
) -> None:
    assert models_to_fit(warehouse(tmp_path, promoted=SERVED, subscribed_on=subscribed_on)) == expected


@pytest.mark.parametrize(
    ("entity", "since", "expected"),
    [
        ("subscriptions", date(2023, 1, 1), ["churn", "survival"]),
        ("subscriptions", date(2025, 5, 1), []),
        ("orders", date(2023, 1, 1), []),
    ],
    ids=["history", "new_ones", "of_orders"],
)
def test_subscribers_are_learnt_from_when_their_history_lands(
    tmp_path: Path, entity: str, since: date, expected: list[str]
) -> None:
    home = warehouse(tmp_path, promoted=SERVED)
    landed(home, 2, entity, since)
    assert models_to_fit(home) == expected


def test_subscribers_with_a_champion_are_not_fitted_daily(tmp_path: Path) -> None:
    served = [*SERVED, "churn.contractual", "survival.contractual"]
    home = warehouse(tmp_path, promoted=served, subscribed_on=date(2024, 1, 1))
    landed(home, 2, "subscriptions", date(2023, 1, 1))
    assert models_to_fit(home) == []


def test_a_history_that_is_built_and_taught_nothing_is_not_tried_again(tmp_path: Path) -> None:
    home = warehouse(tmp_path, promoted=SERVED)
    landed(home, 3, "orders", date(2023, 1, 1))
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        connection.execute("update intermediate.int_core__snapshots set lake_batch = 2")
    landed(home, 2, "subscriptions", date(2023, 1, 1))
    assert models_to_fit(home) == []


def test_thresholds_of_checks_do_not_make_a_run_build_anew(tmp_path: Path) -> None:
    def prepared(variables: str) -> DbtBuild:
        (tmp_path / "vars.yml").write_text(variables)
        parsing.lend(tmp_path, project_vars(tmp_path))
        return _prepared(tmp_path, Asked("run"))

    landed(tmp_path, 1, "orders", date(2023, 1, 1))
    prepared("reporting_currency: EUR\n").settle()
    watched = "reporting_currency: EUR\ndrift_psi_from: 0.3\ndrift_error_on: [feat_orders]\n"
    assert "--full-refresh" not in prepared(watched).arguments
    assert "--full-refresh" in prepared("reporting_currency: GBP\n").arguments


def test_a_changed_meaning_is_not_built_for_a_day_of_the_past_first(tmp_path: Path) -> None:
    landed(tmp_path, 1, "orders", date(2023, 1, 1))
    (tmp_path / "vars.yml").write_text("reporting_currency: EUR\n")
    _prepared(tmp_path, Asked("run")).settle()
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("create schema intermediate; create schema ml")
        connection.execute(
            "create table intermediate.int_core__snapshots as"
            " select date '2023-01-02' as snapshot_date, true as is_full"
        )
    before = Asked("backfill", snapshot_date="2023-01-01")
    _prepared(tmp_path, before)
    (tmp_path / "vars.yml").write_text("reporting_currency: GBP\n")
    with pytest.raises(CannotRunError, match="newest day that was built, 2023-01-02"):
        _prepared(tmp_path, before)
    _prepared(tmp_path, Asked("daily", snapshot_date="2023-01-02"))


def test_a_day_in_which_sources_were_silent_is_built_by_the_schedule_and_refused_as_a_typing_error(
    tmp_path: Path,
) -> None:
    landed(tmp_path, 1, "orders", date(2023, 1, 1))
    silent = Asked("daily", snapshot_date="2023-02-01", in_silence=True)
    assert _prepared(tmp_path, silent).environment["CLIENTELE_SNAPSHOT_DATE"] == "2023-02-01"
    for asked in (replace(silent, in_silence=False), replace(silent, snapshot_date="2999-01-01")):
        with pytest.raises(CannotRunError, match="beyond the data"):
            _prepared(tmp_path, asked)
