{%- set newest = day(newest_full_snapshot()) -%}
with days as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'activity_date') }} as date) as activity_month
    from {{ ref('business_daily') }}
),

months as (
    select
        activity_month,
        activity_month < cast({{ dbt.date_trunc('month', newest) }} as date) as is_complete,
        cast(sum(n_orders) as bigint) as n_orders,
        cast(sum(revenue) as decimal(28, 4)) as revenue,
        cast(sum(refund) as decimal(28, 4)) as refund,
        cast(sum(net_revenue) as decimal(28, 4)) as net_revenue,
        cast(sum(n_sessions) as bigint) as n_sessions
    from days
    group by activity_month
)

select
    *,
    {{ ratio('revenue', 'n_orders') }} as aov
from months
