-- Customers in tenths by their expected value of 365 days.
select
    decile,
    n_customers,
    clv_365d,
    clv_365d_mean,
    clv_365d_mean_lower,
    clv_365d_mean_upper,
    clv_share,
    cumulative_clv_share,
    net_spend_lifetime,
    p_alive_mean,
    value_at_risk,
    value_at_risk_lower,
    value_at_risk_upper,
    snapshot_date,
    model_version
from marts.value_deciles
order by decile
