from clientele import engine
from clientele.ml import next_purchase_versions


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="snapshot_date",
        full_refresh=False,  # what was said on a day stays on record
    )
    champions, run = engine.table(dbt.ref("ml_next_purchase__champion")), engine.row(dbt.ref("ml_run"))
    scorer = next_purchase_versions.Scorer(champions, run)
    return engine.mapped(dbt.ref("ml_next_purchase__inputs"), next_purchase_versions.SCORES, scorer)
