from clientele import engine
from clientele.ml import lifetime_value


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="snapshot_date",
        full_refresh=False,  # what was said on a day stays on record
    )
    scorer = lifetime_value.Scorer(engine.table(dbt.ref("ml_clv__champion")), engine.row(dbt.ref("ml_run")))
    return engine.mapped(dbt.ref("ml_clv__inputs"), lifetime_value.SCORES, scorer)
