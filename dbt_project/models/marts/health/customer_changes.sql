with compared as (select * from {{ ref('ml_compared_days') }}),

now as (
    select
        scores.*,
        at_risk.value_at_risk_lower,
        at_risk.value_at_risk_upper
    from {{ ref('customer_risk_scores') }} as scores
    left join {{ ref('value_at_risk') }} as at_risk on scores.customer_id = at_risk.customer_id
),

churn as (select * from {{ ref('ml_churn__scores') }}),

clv as (select * from {{ ref('ml_clv__scores') }}),

segments as (select * from {{ ref('ml_segments__scores') }}),

-- Whoever had a value, a risk or a segment then.
earlier as (
    select
        compared.compared_with,
        compared.earlier_date,
        compared.is_earlier_published,
        clv.customer_id,
        churn.churn_probability,
        churn.churn_probability_lower,
        churn.churn_probability_upper,
        clv.clv_365d,
        clv.clv_365d_lower,
        clv.clv_365d_upper,
        churn.churn_probability * clv.clv_365d as value_at_risk,
        {{ value_at_risk_bound('lower', 'churn.churn_probability', 'clv.clv_365d') }} as value_at_risk_lower,
        {{ value_at_risk_bound('upper', 'churn.churn_probability', 'clv.clv_365d') }} as value_at_risk_upper,
        segments.segment_id,
        segments.segment_name
    from compared
    inner join clv on compared.earlier_date = clv.snapshot_date
    left join churn on clv.customer_id = churn.customer_id and clv.snapshot_date = churn.snapshot_date
    left join segments on clv.customer_id = segments.customer_id and clv.snapshot_date = segments.snapshot_date
)

select
    now.customer_id,
    earlier.compared_with,
    now.snapshot_date,
    earlier.earlier_date,
    earlier.is_earlier_published,
    now.churn_probability,
    now.churn_probability_lower,
    now.churn_probability_upper,
    earlier.churn_probability as earlier_churn_probability,
    earlier.churn_probability_lower as earlier_churn_probability_lower,
    earlier.churn_probability_upper as earlier_churn_probability_upper,
    now.churn_probability - earlier.churn_probability as churn_probability_change,
    now.clv_365d,
    now.clv_365d_lower,
    now.clv_365d_upper,
    earlier.clv_365d as earlier_clv_365d,
    earlier.clv_365d_lower as earlier_clv_365d_lower,
    earlier.clv_365d_upper as earlier_clv_365d_upper,
    now.clv_365d - earlier.clv_365d as clv_365d_change,
    now.value_at_risk,
    now.value_at_risk_lower,
    now.value_at_risk_upper,
    earlier.value_at_risk as earlier_value_at_risk,
    earlier.value_at_risk_lower as earlier_value_at_risk_lower,
    earlier.value_at_risk_upper as earlier_value_at_risk_upper,
    now.value_at_risk - earlier.value_at_risk as value_at_risk_change,
    now.segment_id,
    now.segment_name,
    earlier.segment_id as earlier_segment_id,
    earlier.segment_name as earlier_segment_name,
    -- A refit that could not be matched gives all segments new ids: what a reader sees is the name.
    now.segment_id <> earlier.segment_id and now.segment_name <> earlier.segment_name as has_changed_segment
from now
inner join earlier on now.customer_id = earlier.customer_id
