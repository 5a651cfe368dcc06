{#- The champion's points as CASE expressions, compiled from its scorecard when the run is there. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'delete+insert',
    full_refresh=false
) }}
{%- set scorecard = champion_scorecard() %}
{%- set characteristics = scorecard.characteristics if scorecard else [] %}
with inputs as (select * from {{ ref('ml_credit__inputs') }}),

champion as (select * from {{ ref('ml_credit__champion') }}),

run as (select * from {{ ref('ml_run') }}),

probabilities as (
    select {{ json_rows('pd_json', [
        {'name': 'score', 'type': 'integer'},
        {'name': 'pd', 'type': 'double'},
        {'name': 'pd_lower', 'type': 'double'},
        {'name': 'pd_upper', 'type': 'double'},
    ]) }}
    from champion
),

binned as (
    select
        {% for characteristic in characteristics -%}
        {{ scorecard_case(characteristic) }} as bin_{{ loop.index }},
        {{ scorecard_case(characteristic, 'points') }} as points_{{ loop.index }},
        {% endfor -%}
        customer_id,
        snapshot_date
    from inputs
),

scored as (
    select
        customer_id,
        snapshot_date,
        cast(
            {{ scorecard.constants.base_points if scorecard else 0 }}
            {%- for characteristic in characteristics %} + points_{{ loop.index }}{% endfor %} as integer
        ) as score,
        '['
        {%- for characteristic in characteristics %} || bin_{{ loop.index }}{{ " || ','" if not loop.last }}{% endfor %}
        || ']' as bins
    from binned
)

select
    scored.customer_id,
    scored.snapshot_date,
    scored.score,
    probabilities.pd,
    probabilities.pd_lower,
    probabilities.pd_upper,
    bands.band,
    scored.bins,
    cast({{ scorecard.constants.base_points if scorecard else 'null' }} as integer) as base_points,
    cast({{ scorecard.constants.factor if scorecard else 'null' }} as double) as factor,
    cast({{ scorecard.constants.pd_offset if scorecard else 'null' }} as double) as pd_offset,
    champion.model_name,
    champion.algorithm,
    champion.model_version,
    run.feature_version,
    run.run_id,
    run.scored_at
from scored
-- No champion, no scores: the table is empty and has its columns.
cross join champion
cross join run
inner join probabilities on scored.score = probabilities.score
inner join {{ ref('credit_bands') }} as bands
    on probabilities.pd >= bands.pd_from and probabilities.pd < bands.pd_to
