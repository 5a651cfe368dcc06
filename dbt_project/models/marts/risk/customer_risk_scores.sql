with profiles as (select * from {{ ref('customer_profile') }}),

churn as (select * from {{ ref('customer_churn') }}),

clv as (select * from {{ ref('customer_clv') }}),

segments as (select * from {{ ref('customer_segments') }}),

at_risk as (select * from {{ ref('value_at_risk') }}),

run as (select * from {{ ref('ml_run') }})

select
    profiles.customer_id,
    profiles.snapshot_date,
    churn.churn_type,
    churn.churn_probability,
    churn.churn_probability_lower,
    churn.churn_probability_upper,
    churn.risk_level,
    churn.recommended_action,
    churn.reason_1,
    clv.clv_90d,
    clv.clv_365d,
    clv.clv_365d_lower,
    clv.clv_365d_upper,
    at_risk.value_at_risk,
    segments.segment_id,
    segments.segment_name,
    segments.value_tier,
    profiles.rfm_segment,
    churn.model_version as churn_model_version,
    clv.model_version as clv_model_version,
    segments.model_version as segment_model_version,
    profiles.feature_version,
    run.run_id,
    run.scored_at
from profiles
cross join run
left join churn on profiles.customer_id = churn.customer_id
left join clv on profiles.customer_id = clv.customer_id
left join segments on profiles.customer_id = segments.customer_id
left join at_risk on profiles.customer_id = at_risk.customer_id
