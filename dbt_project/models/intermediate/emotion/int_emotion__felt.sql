{{ config(materialized='table') }}

{%- set newest = day(newest_full_snapshot()) %}
with consents as (
    select * from {{ ref('int_emotion__consents') }}
    where
        purpose = 'emotion_analytics'
        and {{ known_at(newest, 'valid_from') }}
        and (valid_to is null or valid_to >= {{ newest }})
),

running as (
    select distinct
        customer_id,
        legal_class
    from consents
),

events as (
    select * from {{ ref('int_emotion__events') }}
    where
        purpose = 'emotion_analytics'
        and {{ known_at(newest, 'felt_at') }}
        and felt_at >= {{ newest }} - interval '{{ 7 * var("emotion_finance_weeks") + 7 }}' day
),

-- Once, however many consents cover it.
felt as (
    select distinct
        events.customer_id,
        events.emotion_event_id,
        events.felt_at,
        events.valence,
        events.arousal,
        events.valence < {{ var('emotion_negative_below') }} as is_negative
    from events
    inner join running on events.customer_id = running.customer_id and events.legal_class = running.legal_class
)

select
    *,
    -- Until when what is spent comes after this event and no later negative one.
    least(
        coalesce(
            min(case when is_negative then felt_at end) over (
                partition by customer_id
                order by felt_at, emotion_event_id
                rows between 1 following and unbounded following
            ),
            {{ newest }}
        ),
        {{ newest }}
    ) as followed_until
from felt
