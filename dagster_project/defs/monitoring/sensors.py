"""Asks for new models when the ones in use no longer fit the data, or are too old."""

import dagster as dg

from clientele.locks import HeldError
from clientele.monitoring.refits import models_to_refit
from clientele.records import Records
from clientele.running import effective_vars
from dagster_project.defs.operations.jobs import retrain
from dagster_project.warehouse import HOME


@dg.sensor(
    job=retrain,
    minimum_interval_seconds=600,
    description="Starts a training of the models whose inputs, scores or calibration drifted on several checked days "
    "running (var drift_days_to_refit), or whose version in use is model_max_age_days old, unless one was fitted "
    "within model_refit_pause_days.",
)
def worn_models() -> dg.RunRequest | dg.SkipReason:
    """Ask once per day and set of models."""
    checked = Records(HOME).read("drift_results", columns=["snapshot_date"])["snapshot_date"].unique().to_pylist()
    if not checked:
        return dg.SkipReason("no day has been checked for drift yet")
    variables, newest = effective_vars(HOME), max(checked)
    try:
        drifted, aged = models_to_refit(
            HOME,
            day=newest,
            days=variables["drift_days_to_refit"],
            max_age_days=variables["model_max_age_days"],
            pause_days=variables["model_refit_pause_days"],
        )
    except HeldError as held:
        return dg.SkipReason(f"asked again later: {held}")
    if not drifted and not aged:
        return dg.SkipReason("no model is too old, or has drifted on enough days running, since it was last fitted")
    day, asked = newest.isoformat(), {"drifted_models": ",".join(drifted), "refit_models": ",".join(aged)}
    return dg.RunRequest(
        run_key=f"{day} {','.join(sorted([*drifted, *aged]))}",
        partition_key=day,
        run_config={"ops": {"dbt_build": {"config": asked}}},
    )
