with events as (
    select
        *,
        -- Whatever is captured in a way that is not known to be harmless counts as biometric.
        case
            when capture_modality in ('self_report', 'text') then 'emotion_selfreport'
            else 'emotion_biometric'
        end as legal_class,
        lower(trim(label)) as label_name
    from {{ ref('stg_emotion__emotion_events') }}
),

consents as (select * from {{ ref('int_emotion__consents') }}),

labels as (select * from {{ ref('emotion_labels') }})

select
    events.emotion_event_id,
    events.customer_id,
    consents.purpose,
    consents.consent_id,
    events.legal_class,
    labels.label,
    -- What the source measured, else what its label usually means.
    coalesce(events.valence, labels.valence) as valence,
    coalesce(events.arousal, labels.arousal) as arousal,
    coalesce(events.valence, labels.valence) is null and coalesce(trim(events.free_text), '') <> '' as is_to_classify,
    events.felt_at,
    events.known_from as event_known_from,
    -- Known while both are: the event and the consent.
    greatest(events.known_from, consents.known_from) as known_from,
    least(
        coalesce(events.known_to, consents.known_to),
        coalesce(consents.known_to, events.known_to)
    ) as known_to,
    greatest(events.batch, consents.batch) as batch,
    greatest(
        coalesce(events.known_to_batch, consents.known_to_batch),
        coalesce(consents.known_to_batch, events.known_to_batch)
    ) as known_to_batch
from events
inner join consents
    on
        events.customer_id = consents.customer_id
        and events.legal_class = consents.legal_class
        and events.felt_at >= consents.valid_from
        and (consents.valid_to is null or events.felt_at < consents.valid_to)
left join labels on events.label_name = labels.label
