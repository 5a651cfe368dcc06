with labels as (
    select
        *,
        count(*) over () as n_rows
    from {{ ref('ml_clv__labels') }}
)

select
    labels.customer_id,
    labels.snapshot_date,
    labels.spend_next_90d,
    labels.spend_next_365d,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from labels
inner join {{ ref('customer_features') }} as features
    on labels.customer_id = features.customer_id and labels.snapshot_date = features.snapshot_date
where {{ is_drawn_to_learn_from('labels.customer_id', 'labels.n_rows') }}
-- The same rows in the same order, whatever the threads did: the version is named after them.
order by labels.snapshot_date, labels.customer_id
