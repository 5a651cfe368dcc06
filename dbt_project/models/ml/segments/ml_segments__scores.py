from clientele import engine
from clientele.ml import segments


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="snapshot_date",
        full_refresh=False,  # what was said on a day stays on record
    )
    scorer = segments.Scorer(engine.table(dbt.ref("ml_segments__champion")), engine.row(dbt.ref("ml_run")))
    return engine.mapped(dbt.ref("ml_segments__inputs"), segments.SCORES, scorer)
