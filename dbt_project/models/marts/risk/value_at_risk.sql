with churn as (select * from {{ ref('customer_churn') }}),

clv as (select * from {{ ref('customer_clv') }}),

at_risk as (
    select
        churn.customer_id,
        churn.snapshot_date,
        churn.churn_type,
        churn.churn_probability,
        churn.risk_level,
        churn.recommended_action,
        clv.clv_365d,
        churn.churn_probability * clv.clv_365d as value_at_risk,
        {{ value_at_risk_bound('lower', 'churn.churn_probability', 'clv.clv_365d') }} as value_at_risk_lower,
        {{ value_at_risk_bound('upper', 'churn.churn_probability', 'clv.clv_365d') }} as value_at_risk_upper,
        churn.model_version as churn_model_version,
        clv.model_version as clv_model_version,
        churn.run_id,
        churn.scored_at
    from churn
    inner join clv on churn.customer_id = clv.customer_id
)

select
    *,
    row_number() over (order by value_at_risk desc, customer_id asc) as value_at_risk_rank
from at_risk
