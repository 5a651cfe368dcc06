-- Customers whose value at risk changed most since the publication before.
select
    customer_id,
    segment_name,
    earlier_churn_probability,
    earlier_churn_probability_lower,
    earlier_churn_probability_upper,
    churn_probability,
    churn_probability_lower,
    churn_probability_upper,
    churn_probability_change,
    earlier_clv_365d,
    earlier_clv_365d_lower,
    earlier_clv_365d_upper,
    clv_365d,
    clv_365d_lower,
    clv_365d_upper,
    earlier_value_at_risk,
    earlier_value_at_risk_lower,
    earlier_value_at_risk_upper,
    value_at_risk,
    value_at_risk_lower,
    value_at_risk_upper,
    value_at_risk_change,
    earlier_date,
    is_earlier_published
from marts.customer_changes
where
    compared_with = 'previous'
    and value_at_risk_change is not null
    and ($segment is null or segment_name = $segment)
order by abs(value_at_risk_change) desc, customer_id
limit 15
