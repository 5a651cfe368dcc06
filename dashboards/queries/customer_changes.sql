-- What changed for one customer since about a month ago, and since the publication before.
select
    customer_id,
    compared_with,
    snapshot_date,
    earlier_date,
    is_earlier_published,
    churn_probability,
    churn_probability_lower,
    churn_probability_upper,
    earlier_churn_probability,
    earlier_churn_probability_lower,
    earlier_churn_probability_upper,
    clv_365d,
    clv_365d_lower,
    clv_365d_upper,
    earlier_clv_365d,
    earlier_clv_365d_lower,
    earlier_clv_365d_upper,
    value_at_risk,
    value_at_risk_lower,
    value_at_risk_upper,
    earlier_value_at_risk,
    earlier_value_at_risk_lower,
    earlier_value_at_risk_upper,
    segment_name,
    earlier_segment_name,
    has_changed_segment
from marts.customer_changes
where customer_id = $customer
order by compared_with
