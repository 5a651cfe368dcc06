{%- set measures = [
    'n_customers', 'n_active', 'n_high_risk', 'churners_expected', 'churn_probability_mean', 'value_at_risk',
] -%}
with health as (select * from {{ ref('customer_health_overview') }}),

compared as (select * from {{ ref('ml_compared_days') }}),

-- All customers and those in no segment have no id, and are known by their names.
pairs as (
    select
        compared.compared_with,
        compared.earlier_date,
        compared.is_earlier_published,
        now.*,
        {% for measure in measures -%}
        earlier.{{ measure }} as earlier_{{ measure }},
        {% endfor -%}
        earlier.segment_id as earlier_segment_id,
        earlier.segment_name as earlier_segment_name,
        coalesce(now.segment_id, -1) = coalesce(earlier.segment_id, -1) as is_same_id
    from compared
    inner join health as now on compared.snapshot_date = now.snapshot_date
    inner join health as earlier
        on
            compared.earlier_date = earlier.snapshot_date
            and (
                now.segment_name = earlier.segment_name
                or now.segment_id = earlier.segment_id
            )
),

-- A segment keeps its id, not its name. After a refit that could not be matched it has another id, and is known by its
-- name, unless that was the name of a segment that is still there under its own id.
placed as (
    select
        *,
        max(case when is_same_id then 1 else 0 end) over (partition by compared_with, segment_id, segment_name)
            as n_by_id,
        max(case when is_same_id then 1 else 0 end)
            over (partition by compared_with, earlier_segment_id, earlier_segment_name) as n_of_earlier_by_id
    from pairs
)

select
    compared_with,
    segment_id,
    segment_name,
    snapshot_date,
    earlier_date,
    is_earlier_published,
    {% for measure in measures -%}
    earlier_{{ measure }},
    {{ measure }} - earlier_{{ measure }} as {{ measure }}_change,
    {% endfor -%}
    cast(n_customers - earlier_n_customers as double) / earlier_n_customers as n_customers_change_share
from placed
where is_same_id or (n_by_id = 0 and n_of_earlier_by_id = 0)
