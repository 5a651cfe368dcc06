select
    features.customer_id,
    features.snapshot_date,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('customer_features') }} as features
inner join {{ ref('ml_run') }} as run on features.snapshot_date = run.snapshot_date
