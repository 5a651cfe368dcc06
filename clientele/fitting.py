"""Which models a run has to fit before it can score."""

from __future__ import annotations

from pathlib import Path

import duckdb

from clientele.contract import PROJECT_ROOT
from clientele.landing.lake import Lake

# Models that a company may have too little data for: tried again when the last attempt is too old, not at every run.
MAY_WAIT = ("credit",)
# Champions of customers whom a company may have only later: fitted once some were watched for a horizon.
OF_SUBSCRIBERS = ("churn.contractual", "survival.contractual")


def fitted_models() -> list[str]:
    """Names of the models that are fitted: those with a node ml_<model>__fit."""
    fits = (PROJECT_ROOT / "dbt_project" / "models" / "ml").glob("*/ml_*__fit.py")
    return sorted(path.stem.removeprefix("ml_").removesuffix("__fit") for path in fits)


def models_to_fit(home: Path) -> list[str]:
    """Models that nothing can score with: never fitted, no version could be put to use, or stored another way.

    One that serves some customers counts too, where it can now be fitted to others: to subscribers who were watched for
    a horizon since, or of whom a history has landed.
    Nor can what was fitted for a later day than the last run's: the macro champions passes it over.
    """
    from clientele.ml.registry import RECIPE

    path = home / "build.duckdb"
    if not path.exists():
        return fitted_models()
    with duckdb.connect(str(path), read_only=True) as connection:
        recipes = {model: _champion_recipes(connection, model) for model in fitted_models()}
        to_fit = {model for model, of in recipes.items() if not of or set(of.values()) != {RECIPE}}
        to_fit -= {model for model in MAY_WAIT if not recipes[model] and _tried_lately(connection, model)}
        lacking = {name.split(".")[0] for name in OF_SUBSCRIBERS if name not in recipes[name.split(".")[0]]} - to_fit
        if lacking and _can_learn_of_subscribers(connection, Lake(home)):
            to_fit |= lacking
    return sorted(to_fit)


def _champion_recipes(connection: duckdb.DuckDBPyConnection, model: str) -> dict[str, int]:
    """Names of a model in the registry, one per kind of customers, with the recipe of the version promoted last."""
    there = connection.execute(
        "select 1 from duckdb_columns where schema_name = 'ml' and table_name = $table and column_name = 'recipe'",
        {"table": f"ml_{model}__fit"},
    ).fetchall()
    if not there:
        return {}
    return dict(
        connection.execute(
            f"select model_name, max_by(recipe, fit_number) from ml.ml_{model}__fit cross join ml.ml_run as run"
            " where is_promoted and fitted_for <= run.snapshot_date group by model_name"
        ).fetchall()
    )


def _tried_lately(connection: duckdb.DuckDBPyConnection, model: str) -> bool:
    """Whether a fit of the model was tried within model_max_age_days before the last run's day."""
    columns = "select table_name || '.' || column_name from duckdb_columns where schema_name = 'ml'"
    if not {f"ml_{model}__fit.fitted_for", "ml_run.model_max_age_days"} <= {
        row[0] for row in connection.execute(columns).fetchall()
    }:
        return False
    newest = f"select max(fitted_for) from ml.ml_{model}__fit where fitted_for <= (select snapshot_date from ml.ml_run)"
    return bool(
        connection.execute(
            f"select coalesce(snapshot_date - ({newest}) < model_max_age_days, false) from ml.ml_run"
        ).fetchall()[0][0]
    )


def _can_learn_of_subscribers(connection: duckdb.DuckDBPyConnection, lake: Lake) -> bool:
    """Whether a window of subscribers has passed, as the last run built them or by what has landed since."""
    watched = connection.execute(
        "select count(*) > 0 from features.feat_subscriptions as held"
        " inner join intermediate.int_core__customer_spine as spine"
        " on held.customer_id = spine.customer_id and held.snapshot_date = spine.snapshot_date"
        " inner join ml.ml_run as run on held.snapshot_date <= run.snapshot_date - run.churn_horizon_days"
        " where held.is_subscriber and spine.is_training"
    ).fetchall()[0][0]
    landed = connection.execute(
        "select count(*) > 0 from read_parquet($files, hive_partitioning = true) as landings"
        " inner join ml.ml_run as run on landings.min_loaded_at < run.snapshot_date - run.churn_horizon_days"
        " where landings.entity = 'subscriptions' and landings.rows_landed > 0"
        " and landings.batch > (select max(lake_batch) from intermediate.int_core__snapshots)",
        {"files": [str(path) for path in lake.landings()]},
    ).fetchall()[0][0]
    return watched or landed
