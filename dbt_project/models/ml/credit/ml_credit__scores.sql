{#- The champion's points as CASE expressions, compiled from its scorecard when the run is there. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_asked_days',
    pre_hook='{{ empty_asked_days() }}',
    full_refresh=false
) }}
{%- set scorecard = champion_scorecard() %}
{%- set inputs = ref('ml_credit__inputs') %}
with champion as (select * from {{ ref('ml_credit__champion') }}),

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

banded as (
    select
        probabilities.*,
        bands.band
    from probabilities
    inner join {{ ref('credit_bands') }} as bands
        on probabilities.pd >= bands.pd_from and probabilities.pd < bands.pd_to
),

scored as ({{ scorecard_scores(inputs, scorecard) }})

select
    scored.customer_id,
    scored.snapshot_date,
    scored.score,
    banded.pd,
    banded.pd_lower,
    banded.pd_upper,
    banded.band,
    scored.bin_words,
    scored.reason_number_1,
    scored.reason_number_2,
    scored.reason_number_3,
    scored.reason_number_4,
    cast({{ scorecard.base_points if scorecard else 'null' }} as integer) as base_points,
    cast({{ scorecard.factor if scorecard else 'null' }} as double) as factor,
    cast({{ scorecard.pd_offset if scorecard else 'null' }} as double) as pd_offset,
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
inner join banded on scored.score = banded.score
