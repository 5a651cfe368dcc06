-- Segments of the newest day, by value at risk.
select
    segment_name,
    n_customers,
    n_active,
    n_scored,
    n_high_risk,
    churn_probability_mean,
    churn_probability_mean_lower,
    churn_probability_mean_upper,
    clv_365d,
    value_at_risk,
    value_at_risk_lower,
    value_at_risk_upper
from marts.customer_health_overview
where
    snapshot_date = (select max(snapshot_date) from marts.customer_health_overview)
    and segment_name <> 'all'
order by value_at_risk desc nulls last, segment_name
