with profiles as (select * from {{ ref('customer_profile') }}),

scores as (select * from {{ ref('customer_risk_scores') }}),

at_risk as (select * from {{ ref('value_at_risk') }}),

purchases as (select * from {{ ref('customer_next_purchase') }}),

changes as (
    select * from {{ ref('customer_changes') }}
    where compared_with = 'previous'
)

select
    profiles.customer_id,
    profiles.snapshot_date,
    profiles.customer_type,
    profiles.country,
    profiles.acquisition_channel,
    scores.segment_name,
    profiles.rfm_segment,
    scores.value_tier,
    scores.churn_type,
    scores.risk_level,
    scores.recommended_action,
    scores.churn_probability,
    scores.churn_probability_lower,
    scores.churn_probability_upper,
    changes.churn_probability_change,
    scores.clv_365d,
    scores.clv_365d_lower,
    scores.clv_365d_upper,
    scores.value_at_risk,
    at_risk.value_at_risk_lower,
    at_risk.value_at_risk_upper,
    changes.value_at_risk_change,
    purchases.p_purchase_30d,
    purchases.p_purchase_30d_lower,
    purchases.p_purchase_30d_upper,
    profiles.n_orders,
    profiles.total_spent,
    profiles.recency_days,
    profiles.tenure_days,
    profiles.last_ordered_at
from profiles
left join scores on profiles.customer_id = scores.customer_id
left join at_risk on profiles.customer_id = at_risk.customer_id
left join purchases on profiles.customer_id = purchases.customer_id
left join changes on profiles.customer_id = changes.customer_id
-- Those to look at first stand first, so that a page of a list is read from the front of the file.
order by scores.value_at_risk desc nulls last, profiles.customer_id asc
