-- Customers, churn risk and value at risk on every day that was scored, of all customers or of one segment, which is known
-- by its id: it may have had another name then.
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
where
    ($segment is null and segment_name = 'all')
    or segment_id = (select segment_id from marts.segments where segment_name = $segment)
order by snapshot_date
