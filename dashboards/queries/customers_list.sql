-- One page of customers, searched, filtered and sorted.
select
    customer_id,
    segment_name,
    risk_level,
    churn_probability,
    churn_probability_lower,
    churn_probability_upper,
    churn_probability_change,
    clv_365d,
    clv_365d_lower,
    clv_365d_upper,
    value_at_risk,
    value_at_risk_lower,
    value_at_risk_upper,
    value_tier,
    n_orders,
    total_spent,
    recency_days,
    last_ordered_at,
    country,
    recommended_action
from marts.customer_directory
where
    ($search is null or contains(lower(customer_id), lower($search)))
    and ($risk is null or risk_level = $risk)
    and ($segment is null or segment_name = $segment)
    and ($tier is null or value_tier = $tier)
    and ($country is null or country = $country)
order by /*order*/value_at_risk desc nulls last, customer_id/*end*/
limit $size offset $start
