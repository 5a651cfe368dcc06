from clientele import engine
from clientele.ml import segments


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["model_name", "model_version"],
        full_refresh=False,  # ids go on from version to version
    )
    previous = engine.table(session.sql(f"select * from {dbt.this}")) if dbt.is_incremental else None
    return segments.fit(engine.table(dbt.ref("ml_segments__training_set")), engine.row(dbt.ref("ml_run")), previous)
