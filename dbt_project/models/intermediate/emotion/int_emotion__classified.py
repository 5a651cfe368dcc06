from clientele import engine
from clientele.ml import emotion_text

KEY = ["emotion_event_id", "known_from"]


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["emotion_event_id", "known_from"],
    )
    asked = dbt.ref("int_emotion__to_classify")
    if dbt.is_incremental:  # a day classifies a day
        done = session.sql(f"select {', '.join(KEY)} from {dbt.this}")
        asked = engine.joined(asked, done, KEY, how="anti")
    texts = engine.columns(dbt.ref("stg_emotion__emotion_events"), [*KEY, "free_text"])
    return engine.mapped(engine.joined(asked, texts, KEY), emotion_text.CLASSIFIED, emotion_text.classified)
