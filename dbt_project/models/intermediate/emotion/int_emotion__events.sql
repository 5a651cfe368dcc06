{#- Named before any condition, so that dbt sees the dependency. -#}
{%- set classified_texts = ref('int_emotion__classified') -%}
with permitted as (select * from {{ ref('int_emotion__permitted') }}),

labels as (select * from {{ ref('emotion_labels') }}),

classified as (
    {%- if var('classify_free_text') %}
    select
        emotion_event_id,
        known_from,
        label
    from {{ classified_texts }}
    {%- else %}
    select
        emotion_event_id,
        event_known_from as known_from,
        label
    from permitted
    where false
    {%- endif %}
),

told as (
    select
        permitted.emotion_event_id,
        permitted.customer_id,
        permitted.purpose,
        permitted.consent_id,
        permitted.legal_class,
        coalesce(classified.label, permitted.label) as label,
        classified.label is not null as is_label_inferred,
        coalesce(permitted.valence, labels.valence) as valence,
        coalesce(permitted.arousal, labels.arousal) as arousal,
        permitted.felt_at,
        permitted.known_from,
        permitted.known_to,
        permitted.batch,
        permitted.known_to_batch
    from permitted
    left join classified
        on
            permitted.emotion_event_id = classified.emotion_event_id
            and permitted.event_known_from = classified.known_from
    left join labels on classified.label = labels.label
)

select * from told
-- Of a feeling that nothing tells, nothing is counted.
where valence is not null
