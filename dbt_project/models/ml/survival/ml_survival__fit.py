from clientele import engine
from clientele.ml import survival_versions


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["model_name", "model_version"],
        full_refresh=False,  # the registry outlives a change of the features
    )
    previous = engine.table(session.sql(f"select * from {dbt.this}")) if dbt.is_incremental else None
    training_set = engine.table(dbt.ref("ml_survival__training_set"))
    return survival_versions.fit(training_set, engine.row(dbt.ref("ml_run")), previous)
