{%- set measures = [
    'n_customers', 'n_active', 'n_high_risk', 'churners_expected', 'churn_probability_mean', 'value_at_risk',
] -%}
with health as (select * from {{ ref('customer_health_overview') }}),

compared as (select * from {{ ref('ml_compared_days') }})

select
    compared.compared_with,
    now.segment_id,
    now.segment_name,
    compared.snapshot_date,
    compared.earlier_date,
    compared.is_earlier_published,
    {% for measure in measures -%}
    earlier.{{ measure }} as earlier_{{ measure }},
    now.{{ measure }} - earlier.{{ measure }} as {{ measure }}_change{% if not loop.last %},{% endif %}
    {% endfor %}
from compared
inner join health as now on compared.snapshot_date = now.snapshot_date
-- A segment keeps its id, not its name; all customers and those in no segment have none.
inner join health as earlier
    on
        compared.earlier_date = earlier.snapshot_date
        and coalesce(now.segment_id, -1) = coalesce(earlier.segment_id, -1)
        and (now.segment_id is not null or now.segment_name = earlier.segment_name)
