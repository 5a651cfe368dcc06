{#- What was told of a day stays on record, word for word, as the scores do that it explains. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_asked_days',
    pre_hook='{{ empty_asked_days() }}',
    full_refresh=false
) }}
{%- set scorecard = champion_scorecard() %}
{#- Words for what is negative say so themselves. -#}
{%- set told = "(case when texts.text_negative is null then named.value else abs(named.value) end"
    ~ " * texts.multiplier)" %}
with scores as (
    select * from {{ ref('ml_credit__scores') }}
    where {{ is_asked_for('snapshot_date') }}
),

ranked as (
    {% for rank in range(1, 5) -%}
    select
        customer_id,
        snapshot_date,
        model_version,
        run_id,
        scored_at,
        {{ rank }} as reason_rank,
        reason_number_{{ rank }} as reason_number
    from scores
    where reason_number_{{ rank }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

scorecard as (select * from {{ ref('ml_credit__scorecard') }}),

texts as (select * from {{ ref('credit_reason_texts') }}),

features as (
    select * from {{ ref('ml_credit__inputs') }}
),

named as (
    select
        ranked.customer_id,
        ranked.snapshot_date,
        ranked.reason_rank,
        scorecard.characteristic,
        scorecard.bin,
        scorecard.label,
        scorecard.points,
        scorecard.reference_points,
        ranked.model_version,
        ranked.run_id,
        ranked.scored_at,
        case
            when features.customer_id is null then cast(null as double)
            {#- A category is no number: the label of its bin says it. -#}
            {%- for characteristic in scorecard.characteristics
                if scorecard and not characteristic.bins | selectattr('categories') | list %}
            when scorecard.characteristic = '{{ characteristic.name }}'
                then cast(features.{{ characteristic.name }} as double)
            {%- endfor %}
        end as value
    from ranked
    inner join scorecard
        on
            ranked.model_version = scorecard.model_version
            and ranked.reason_number = scorecard.reason_number
    left join features on ranked.customer_id = features.customer_id and ranked.snapshot_date = features.snapshot_date
)

select
    named.customer_id,
    named.snapshot_date,
    cast(named.reason_rank as integer) as reason_rank,
    named.characteristic,
    named.reference_points - named.points as points_lost,
    named.points,
    named.reference_points,
    named.bin,
    named.label,
    named.value,
    case
        when named.bin = -1 then texts.text_missing
        else replace(
            replace(
                case when named.value < 0 then coalesce(texts.text_negative, texts.text) else texts.text end,
                '{value}',
                coalesce(
                    case texts.decimals
                        when 0 then {{ grouped(told, 0) }}
                        else {{ grouped(told, 1) }}
                    end,
                    named.label
                )
            ),
            '{currency}',
            '{{ var("reporting_currency") }}'
        )
    end as reason,
    named.model_version,
    named.run_id,
    named.scored_at
from named
inner join texts on named.characteristic = texts.characteristic
