with versions as ({{ known_versions(source('emotion', 'emotion_events'), ['emotion_event_id'], 'felt_at') }})

select
    emotion_event_id,
    customer_id,
    felt_at,
    label,
    valence,
    arousal,
    intensity,
    confidence,
    capture_modality,
    context,
    free_text,
    consent_id,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
