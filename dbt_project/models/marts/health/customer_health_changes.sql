{%- set comparisons = [{'name': 'previous', 'days': 1}, {'name': 'month', 'days': 28}] -%}
{%- set measures = [
    'n_customers', 'n_active', 'n_high_risk', 'churners_expected', 'churn_probability_mean', 'value_at_risk',
] -%}
with health as (select * from {{ ref('customer_health_overview') }}),

newest as (select max(snapshot_date) as snapshot_date from health),

compared as (
    {%- for comparison in comparisons %}
    select
        '{{ comparison.name }}' as compared_with,
        newest.snapshot_date,
        max(health.snapshot_date) as earlier_date
    from newest
    inner join health on health.snapshot_date <= {{ add_days('newest.snapshot_date', -comparison.days) }}
    group by newest.snapshot_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    compared.compared_with,
    now.segment_id,
    now.segment_name,
    compared.snapshot_date,
    compared.earlier_date,
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
