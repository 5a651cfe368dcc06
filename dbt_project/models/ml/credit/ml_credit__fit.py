from clientele import engine
from clientele.ml import credit


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["model_name", "model_version"],
        full_refresh=False,  # the registry outlives a change of the features
    )
    previous = engine.table(session.sql(f"select * from {dbt.this}")) if dbt.is_incremental else None
    texts = engine.table(dbt.ref("credit_reason_texts")).to_pylist()
    return credit.fit(
        engine.table(dbt.ref("ml_credit__training_set")),
        engine.row(dbt.ref("ml_run")),
        previous,
        {text["characteristic"]: text["safer_when"] for text in texts},
    )
