with scores as (
    select scores.*
    from {{ ref('ml_clv__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
)

select
    customer_id,
    snapshot_date,
    clv_90d,
    clv_90d_lower,
    clv_90d_upper,
    clv_365d,
    clv_365d_lower,
    clv_365d_upper,
    p_alive,
    expected_purchases_90d,
    expected_purchases_365d,
    expected_spend,
    value_basis,
    model_name,
    algorithm,
    model_version,
    feature_version,
    run_id,
    scored_at
from scores
