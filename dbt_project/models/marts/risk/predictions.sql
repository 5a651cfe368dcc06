{%- set probabilities = [
    {'type': 'churn', 'mart': 'customer_churn', 'column': 'churn_probability'},
    {'type': 'purchase_7d', 'mart': 'customer_next_purchase', 'column': 'p_purchase_7d'},
    {'type': 'purchase_30d', 'mart': 'customer_next_purchase', 'column': 'p_purchase_30d'},
    {'type': 'purchase_90d', 'mart': 'customer_next_purchase', 'column': 'p_purchase_90d', 'of': 'p_purchase_90d_'},
] %}
{%- set values = [
    {'type': 'clv_90d', 'mart': 'customer_clv', 'column': 'clv_90d'},
    {'type': 'clv_365d', 'mart': 'customer_clv', 'column': 'clv_365d'},
] %}
{%- for prediction in probabilities + values %}
select
    customer_id,
    snapshot_date,
    '{{ prediction.type }}' as prediction_type,
    {{ prediction.column if prediction in probabilities else 'cast(null as double)' }} as probability,
    {{ prediction.column if prediction in values else 'cast(null as double)' }} as value,
    {{ prediction.column }}_lower as lower_bound,
    {{ prediction.column }}_upper as upper_bound,
    {{ confidence(prediction.column, prediction.column ~ '_lower', prediction.column ~ '_upper') }} as confidence,
    {{ prediction.get('of', '') }}model_name{{ ' as model_name' if prediction.of }},
    {{ prediction.get('of', '') }}model_version{{ ' as model_version' if prediction.of }},
    run_id,
    scored_at
from {{ ref(prediction.mart) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
