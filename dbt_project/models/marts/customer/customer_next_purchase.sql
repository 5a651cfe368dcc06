with scores as (
    select scores.*
    from {{ ref('ml_next_purchase__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

-- Who has a probability of no order within 90 days has no second one of an order within them.
churn as (
    select churn.*
    from {{ ref('ml_churn__scores') }} as churn
    inner join {{ ref('ml_run') }} as run on churn.snapshot_date = run.snapshot_date
    where churn.churn_type = 'non_contractual' and run.churn_horizon_days = 90
),

within_90_days as (
    select
        scores.*,
        coalesce(1 - churn.churn_probability, scores.p_purchase_90d) as p_90d,
        coalesce(1 - churn.churn_probability_upper, scores.p_purchase_90d_lower) as p_90d_lower,
        coalesce(1 - churn.churn_probability_lower, scores.p_purchase_90d_upper) as p_90d_upper,
        coalesce(churn.model_name, scores.model_name) as p_90d_model_name,
        coalesce(churn.model_version, scores.model_version) as p_90d_model_version
    from scores
    left join churn on scores.customer_id = churn.customer_id
),

-- A shorter time holds no more; bounds keep to that, too, and to their probability.
{% for days, longer in [(30, 90), (7, 30)] -%}
within_{{ days }}_days as (
    select
        *,
        least(p_purchase_{{ days }}d, p_{{ longer }}d) as p_{{ days }}d,
        least(p_purchase_{{ days }}d_lower, p_{{ longer }}d) as p_{{ days }}d_lower,
        greatest(
            least(p_purchase_{{ days }}d_upper, p_{{ longer }}d_upper), least(p_purchase_{{ days }}d, p_{{ longer }}d)
        ) as p_{{ days }}d_upper
    from within_{{ longer }}_days
){% if not loop.last %},{% endif %}

{% endfor %}
select
    customer_id,
    snapshot_date,
    {% for days in [7, 30, 90] -%}
    p_{{ days }}d as p_purchase_{{ days }}d,
    p_{{ days }}d_lower as p_purchase_{{ days }}d_lower,
    p_{{ days }}d_upper as p_purchase_{{ days }}d_upper,
    {% endfor -%}
    p_90d_model_name as p_purchase_90d_model_name,
    p_90d_model_version as p_purchase_90d_model_version,
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
from within_7_days
