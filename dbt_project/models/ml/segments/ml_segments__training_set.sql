{%- set allowed = model_features() -%}
{%- for column in var('segment_columns') if execute and column not in allowed -%}
    {{ exceptions.raise_compiler_error(
        "the var segment_columns names " ~ column ~ ", which is no feature that a model may use (feature_catalog, consent_policy)"
    ) }}
{%- endfor %}
select
    features.customer_id,
    features.snapshot_date,
    {% for column in var('segment_columns') -%}
    features.{{ column }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('customer_features') }} as features
inner join {{ ref('ml_run') }} as run on features.snapshot_date = run.snapshot_date
where features.is_sampled
-- The same rows in the same order, whatever the threads did: the version is named after them.
order by features.customer_id
