with permitted as (select * from {{ ref('int_emotion__permitted') }})

select
    emotion_event_id,
    customer_id,
    purpose,
    consent_id,
    legal_class,
    label,
    valence,
    arousal,
    felt_at,
    known_from,
    known_to,
    batch,
    known_to_batch
from permitted
-- Of a feeling that nothing tells, nothing is counted.
where valence is not null
