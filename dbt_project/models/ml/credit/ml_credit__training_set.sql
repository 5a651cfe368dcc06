{#- The columns of feat_emotion_credit are for the shadow alone, which is measured and never put to use. -#}
{%- set shadow = graph.nodes['model.clientele.feat_emotion_credit'].columns.keys() if execute else [] -%}
with labels as (
    select
        *,
        count(*) over () as n_rows
    from {{ ref('ml_credit__labels') }}
)

select
    labels.customer_id,
    labels.snapshot_date,
    labels.is_default,
    {% for feature in model_features('credit') -%}
    features.{{ feature }},
    {% endfor -%}
    {% for feature in shadow if feature.startswith('emotion_') -%}
    emotions.{{ feature }}{% if not loop.last %},{% endif %}
    {% endfor %}
from labels
inner join {{ ref('customer_features') }} as features
    on labels.customer_id = features.customer_id and labels.snapshot_date = features.snapshot_date
left join {{ ref('feat_emotion_credit') }} as emotions
    on labels.customer_id = emotions.customer_id and labels.snapshot_date = emotions.snapshot_date
where {{ is_drawn_to_learn_from('labels.customer_id', 'labels.n_rows') }}
-- The same rows in the same order, whatever the threads did: what is fitted depends on it.
order by labels.snapshot_date, labels.customer_id
