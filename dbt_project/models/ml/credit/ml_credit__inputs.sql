select
    population.customer_id,
    population.snapshot_date,
    {% for feature in model_features('credit') -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('ml_credit__population') }} as population
inner join {{ ref('customer_features') }} as features
    on population.customer_id = features.customer_id and population.snapshot_date = features.snapshot_date
where {{ is_asked_for('population.snapshot_date') }}
