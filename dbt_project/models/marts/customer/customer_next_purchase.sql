with scores as (
    select scores.*
    from {{ ref('ml_next_purchase__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
)

select
    customer_id,
    snapshot_date,
    {% for days in [7, 30, 90] -%}
    p_purchase_{{ days }}d,
    p_purchase_{{ days }}d_lower,
    p_purchase_{{ days }}d_upper,
    {% endfor -%}
    expected_date,
    expected_date_lower,
    expected_date_upper,
    likely_category,
    likely_category_probability,
    {% for rank in [1, 2, 3] -%}
    reason_{{ rank }},
    reason_{{ rank }}_value,
    reason_{{ rank }}_effect,
    case
        when reason_{{ rank }}_effect > 0 then 'raises probability'
        when reason_{{ rank }}_effect < 0 then 'lowers probability'
    end as reason_{{ rank }}_direction,
    {% endfor -%}
    model_name,
    algorithm,
    model_version,
    feature_version,
    run_id,
    scored_at
from scores
