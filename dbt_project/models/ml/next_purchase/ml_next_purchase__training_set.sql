with labels as (
    select
        *,
        count(*) over () as n_rows
    from {{ ref('ml_next_purchase__labels') }}
)

select
    labels.customer_id,
    labels.snapshot_date,
    labels.duration_days,
    labels.is_observed,
    labels.next_category,
    bought.categories,
    bought.category_lines,
    {% for feature in model_features() -%}
    features.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from labels
inner join {{ ref('customer_features') }} as features
    on labels.customer_id = features.customer_id and labels.snapshot_date = features.snapshot_date
left join {{ ref('ml_next_purchase__categories') }} as bought
    on labels.customer_id = bought.customer_id and labels.snapshot_date = bought.snapshot_date
where {{ is_drawn_to_learn_from('labels.customer_id', 'labels.n_rows') }}
-- The same rows in the same order, whatever the threads did: what is fitted depends on it.
order by labels.snapshot_date, labels.customer_id
