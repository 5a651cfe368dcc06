-- Customers, churn risk and value at risk on every day that was scored, of all customers or of one segment.
select
    snapshot_date,
    n_customers,
    n_active,
    n_buyers,
    churn_probability_mean,
    churn_probability_mean_lower,
    churn_probability_mean_upper,
    value_at_risk,
    value_at_risk_lower,
    value_at_risk_upper
from marts.customer_health_overview
where segment_name = coalesce($segment, 'all')
order by snapshot_date
