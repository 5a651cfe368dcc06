{#- Some of these rows the champion has learnt from: they tell groups apart, and are no promise of how well it does. -#}
{%- set scorecard = champion_scorecard() %}
{%- set training_set = ref('ml_credit__training_set') %}
with labels as (
    select
        customer_id,
        snapshot_date,
        is_default,
        max(snapshot_date) over () as newest
    from {{ ref('ml_credit__training_set') }}
),

scored as ({{ scorecard_scores(training_set, scorecard) }})

select
    scored.customer_id,
    scored.snapshot_date,
    scored.score,
    {% if scorecard -%}
    1 / (1 + exp((scored.score - {{ scorecard.pd_offset }}) / {{ scorecard.factor }})) as pd,
    {%- else -%}
    cast(null as double) as pd,
    {%- endif %}
    labels.is_default
from scored
inner join labels on scored.customer_id = labels.customer_id and scored.snapshot_date = labels.snapshot_date
where labels.snapshot_date = labels.newest
