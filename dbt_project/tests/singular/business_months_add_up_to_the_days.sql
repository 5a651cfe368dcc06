{{ config(meta={'dagster': {'ref': {'name': 'business_monthly'}}}) }}
-- Fails if the months do not add up to the days they are made of, or are missing.
with months as (
    select
        sum(n_orders) as n_orders,
        sum(revenue) as revenue,
        sum(refund) as refund,
        sum(net_revenue) as net_revenue,
        sum(n_sessions) as n_sessions
    from {{ ref('business_monthly') }}
),

days as (
    select
        sum(n_orders) as n_orders,
        sum(revenue) as revenue,
        sum(refund) as refund,
        sum(net_revenue) as net_revenue,
        sum(n_sessions) as n_sessions
    from {{ ref('business_daily') }}
)

select
    months.*,
    days.n_orders as n_orders_of_days,
    days.net_revenue as net_revenue_of_days
from months
cross join days
where
    months.n_orders is distinct from days.n_orders
    or months.revenue is distinct from days.revenue
    or months.refund is distinct from days.refund
    or months.net_revenue is distinct from days.net_revenue
    or months.n_sessions is distinct from days.n_sessions
