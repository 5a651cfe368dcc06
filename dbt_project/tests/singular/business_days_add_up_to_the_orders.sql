{{ config(meta={'dagster': {'ref': {'name': 'business_daily'}}}) }}
-- Fails if the days do not add up to the orders known at the newest snapshot, in number or in money.
with days as (
    select
        sum(n_orders) as n_orders,
        sum(revenue) as revenue
    from {{ ref('business_daily') }}
),

orders as (
    select
        count(*) as n_orders,
        coalesce(sum(amount), 0) as revenue
    from {{ ref('int_commerce__orders') }}
    where {{ known_at(day(newest_full_snapshot()), 'ordered_at') }}
)

select
    days.n_orders as n_orders_by_day,
    orders.n_orders,
    days.revenue as revenue_by_day,
    orders.revenue
from days
cross join orders
where coalesce(days.n_orders, 0) <> orders.n_orders or coalesce(days.revenue, 0) <> orders.revenue
