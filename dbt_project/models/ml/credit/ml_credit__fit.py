from clientele import engine
from clientele.ml import credit


def registry(relation):
    """The versions so far, without what backtests told of each customer: no fit needs it."""
    return engine.table(engine.columns(relation, [name for name in relation.columns if name != "backtest_json"]))


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["model_name", "model_version"],
        full_refresh=False,  # the registry outlives a change of the features
    )
    previous = registry(session.sql(f"select * from {dbt.this}")) if dbt.is_incremental else None
    texts = engine.table(dbt.ref("credit_reason_texts")).to_pylist()
    return credit.fit(
        engine.table(dbt.ref("ml_credit__training_set")),
        engine.row(dbt.ref("ml_run")),
        previous,
        {text["characteristic"]: text["safer_when"] for text in texts},
    )
