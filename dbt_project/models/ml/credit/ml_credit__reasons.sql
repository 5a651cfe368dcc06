{#- What was told of a day stays on record, word for word, as the scores do that it explains. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_asked_days',
    pre_hook='{{ empty_asked_days() }}',
    full_refresh=false
) }}
{%- set scorecard = champion_scorecard() %}
{%- set told = "named.value * texts.multiplier" -%}
{#- Words for what is negative say so themselves. -#}
{%- set size = "case when text_negative is null then number else abs(number) end" %}
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
),

-- As it is read: what rounds to nothing is not negative.
rounded as (
    select
        named.*,
        texts.text,
        texts.text_negative,
        texts.text_missing,
        texts.words,
        texts.decimals,
        case texts.decimals when 0 then round({{ told }}, 0) else round({{ told }}, 1) end as number
    from named
    inner join texts on named.characteristic = texts.characteristic
)

select
    customer_id,
    snapshot_date,
    cast(reason_rank as integer) as reason_rank,
    characteristic,
    reference_points - points as points_lost,
    points,
    reference_points,
    bin,
    label,
    value,
    case
        when bin = -1 then text_missing
        -- What is absurd is told by no number; both engines have NaN above all others.
        when abs(number) >= 1e15 then words
        else replace(
            replace(
                case when number < 0 then coalesce(text_negative, text) else text end,
                '{value}',
                coalesce(
                    case decimals
                        when 0 then {{ grouped(size, 0) }}
                        else {{ grouped(size, 1) }}
                    end,
                    label
                )
            ),
            '{currency}',
            '{{ var("reporting_currency") }}'
        )
    end as reason,
    model_version,
    run_id,
    scored_at
from rounded
