select
    features.customer_id,
    features.snapshot_date,
    bought.categories,
    bought.category_lines,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('customer_features') }} as features
left join {{ ref('ml_next_purchase__categories') }} as bought
    on features.customer_id = bought.customer_id and features.snapshot_date = bought.snapshot_date
where {{ is_asked_for('features.snapshot_date') }}
