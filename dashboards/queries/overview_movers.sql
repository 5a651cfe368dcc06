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
