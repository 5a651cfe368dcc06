select
    features.customer_id,
    features.snapshot_date,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('customer_features') }} as features
where {{ is_asked_for('features.snapshot_date') }}
