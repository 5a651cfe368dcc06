select
    features.customer_id,
    features.snapshot_date,
    bought.categories,
    bought.category_lines,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('customer_features') }} as features
inner join {{ ref('ml_run') }} as run on features.snapshot_date = run.snapshot_date
left join {{ ref('ml_next_purchase__categories') }} as bought
    on features.customer_id = bought.customer_id and features.snapshot_date = bought.snapshot_date
