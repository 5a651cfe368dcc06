"""The jobs that people and schedules start."""

import dagster as dg
from dagster_dbt import build_dbt_asset_selection

from dagster_project.defs.landing.assets import LANDING
from dagster_project.defs.monitoring.checks import monitoring_checks
from dagster_project.defs.warehouse.assets import tables
from dagster_project.warehouse import DAYS

FITTING = "ml_run tag:train ml_*__champion model_registry model_performance model_feature_importance"
ALL_MODELS = {"ops": {"dbt_build": {"config": {"refit_models": "all"}}}}

land = dg.define_asset_job("land", selection=dg.AssetSelection.assets(LANDING))
daily = dg.define_asset_job(
    "daily",
    # Checks of raw entities too, which are landed by an asset that is not theirs.
    selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
    partitions_def=DAYS,
    description="Land new files, build and test a day, watch for drift, audit, publish.",
)
retrain = dg.define_asset_job(
    "retrain",
    selection=build_dbt_asset_selection([tables], FITTING),
    partitions_def=DAYS,
    config=ALL_MODELS,
    description="Fit the models anew and put to use what passes its gates; the next daily run scores with it.",
)
backfill = dg.define_asset_job(
    "backfill",
    # Nothing is watched in days of the past.
    selection=dg.AssetSelection.assets(tables) - dg.AssetSelection.checks(monitoring_checks),
    partitions_def=DAYS,
    # In place of the six hours of instance.py, which are those of one day.
    tags={"dagster/max_runtime": str(2 * 24 * 3600)},
    description="Build a range of past days in one run; the marts go on showing the newest.",
)
publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.groups("monitoring", "publishing") | dg.AssetSelection.checks(monitoring_checks),
    partitions_def=DAYS,
    description="Watch for drift, audit and publish what is built.",
)
