select
    labels.customer_id,
    labels.snapshot_date,
    labels.churn_type,
    labels.duration_days,
    labels.is_observed,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('ml_survival__labels') }} as labels
inner join {{ ref('customer_features') }} as features
    on labels.customer_id = features.customer_id and labels.snapshot_date = features.snapshot_date
-- The same rows in the same order, whatever the threads did: what is fitted depends on it.
order by labels.snapshot_date, labels.customer_id
