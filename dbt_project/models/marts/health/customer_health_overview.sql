{#- What was said of a day stays on record, as the scores do that it is made of. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'delete+insert',
    full_refresh=false,
    on_schema_change='append_new_columns'
) }}
{%- set asked_for = is_asked_for('spine.snapshot_date') %}
{%- set high_from = checked_var('churn_risk_high_from', 0, 1) -%}
{%- set medium_from = checked_var('churn_risk_medium_from', 0, 1) -%}

with spine as (
    select spine.*
    from {{ ref('int_core__customer_spine') }} as spine
    inner join {{ ref('int_core__snapshots') }} as snapshots on spine.snapshot_date = snapshots.snapshot_date
    where snapshots.is_full{% if is_incremental() %} and {{ asked_for }}{% endif %}
),

orders as (select * from {{ ref('feat_orders') }}),

sessions as (select * from {{ ref('feat_sessions') }}),

churn as (select * from {{ ref('ml_churn__scores') }}),

clv as (select * from {{ ref('ml_clv__scores') }}),

levels as (select * from {{ ref('ml_clv__level_miss') }}),

segments as (select * from {{ ref('ml_segments__scores') }}),

customers as (
    select
        spine.snapshot_date,
        segments.segment_id,
        coalesce(segments.segment_name, 'in no segment') as segment_name,
        orders.n_orders_90d > 0 as is_buyer,
        orders.n_orders_90d > 0 or coalesce(sessions.n_sessions_90d, 0) > 0 as is_active,
        orders.spend_90d,
        churn.churn_probability,
        churn.churn_probability_lower,
        churn.churn_probability_upper,
        clv.clv_365d,
        churn.churn_probability * clv.clv_365d as value_at_risk,
        {%- for side in ['lower', 'upper'] %}
        {{ value_at_risk_bound(side, 'churn.churn_probability', 'clv.clv_365d') }} as value_at_risk_{{ side }},
        clv.clv_365d * (churn.churn_probability - churn.churn_probability_{{ side }}) as off_by_churn_{{ side }},
        churn.churn_probability * (clv.clv_365d - clv.clv_365d_{{ side }}) as off_by_value_{{ side }},
        {%- endfor %}
        levels.level_miss
    from spine
    left join orders on spine.customer_id = orders.customer_id and spine.snapshot_date = orders.snapshot_date
    left join sessions on spine.customer_id = sessions.customer_id and spine.snapshot_date = sessions.snapshot_date
    left join churn on spine.customer_id = churn.customer_id and spine.snapshot_date = churn.snapshot_date
    left join clv on spine.customer_id = clv.customer_id and spine.snapshot_date = clv.snapshot_date
    left join levels on clv.model_version = levels.model_version
    left join segments on spine.customer_id = segments.customer_id and spine.snapshot_date = segments.snapshot_date
)
{% for by_segment in [false, true] %}
select
    snapshot_date,
    {{ 'segment_id' if by_segment else 'cast(null as integer) as segment_id' }},
    {{ 'segment_name' if by_segment else "'all' as segment_name" }},
    count(*) as n_customers,
    count(case when is_active then 1 end) as n_active,
    count(case when is_buyer then 1 end) as n_buyers,
    cast(coalesce(sum(spend_90d), 0) as decimal(28, 4)) as spend_90d,
    count(churn_probability) as n_scored,
    count(case when churn_probability >= {{ high_from }} then 1 end) as n_high_risk,
    count(case when churn_probability >= {{ medium_from }} and churn_probability < {{ high_from }} then 1 end)
        as n_medium_risk,
    count(case when churn_probability < {{ medium_from }} then 1 end) as n_low_risk,
    sum(churn_probability) as churners_expected,
    sum(churn_probability_lower) as churners_expected_lower,
    sum(churn_probability_upper) as churners_expected_upper,
    avg(churn_probability) as churn_probability_mean,
    avg(churn_probability_lower) as churn_probability_mean_lower,
    avg(churn_probability_upper) as churn_probability_mean_upper,
    sum(clv_365d) as clv_365d,
    {%- for side in ['lower', 'upper'] %}
    {{ value_at_risk_sum_bound(side) }} as value_at_risk_{{ side }},
    {%- endfor %}
    sum(value_at_risk) as value_at_risk
from customers
group by snapshot_date{{ ', segment_id, segment_name' if by_segment }}
{{ 'union all' if not loop.last }}
{%- endfor %}
