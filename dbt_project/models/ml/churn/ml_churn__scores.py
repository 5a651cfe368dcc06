from clientele import engine
from clientele.ml import churn, score_rows


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="replace_asked_days",
        unique_key="snapshot_date",
        full_refresh=False,  # what was said on a day stays on record
    )
    champions, run = engine.table(dbt.ref("ml_churn__champion")), engine.row(dbt.ref("ml_run"))
    scored = score_rows.by_day(lambda on_day: churn.Scorer(champions, on_day), run)
    return engine.mapped(dbt.ref("ml_churn__inputs"), churn.SCORES, scored)
