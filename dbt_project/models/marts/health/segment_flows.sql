with changes as (select * from {{ ref('customer_changes') }}),

pairs as (
    select
        compared_with,
        snapshot_date,
        earlier_date,
        is_earlier_published,
        earlier_segment_id,
        earlier_segment_name,
        segment_id,
        segment_name,
        count(*) as n_customers,
        sum(value_at_risk) as value_at_risk,
        sum(clv_365d) as clv_365d
    from changes
    where earlier_segment_id is not null and segment_id is not null
    group by all
)

select
    *,
    cast(n_customers as double) / cast(sum(n_customers) over (partition by compared_with, earlier_segment_id) as double)
        as earlier_segment_share
from pairs
