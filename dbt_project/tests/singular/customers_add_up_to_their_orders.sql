{{ config(meta={'dagster': {'ref': {'name': 'customer_profile'}}}) }}
-- Fails if what customers spent does not add up to the orders of those customers known at the newest snapshot.
with customers as (select * from {{ ref('customer_profile') }}),

orders as (
    select orders.* from {{ ref('int_commerce__orders') }} as orders
    inner join customers on orders.customer_id = customers.customer_id
    where {{ known_at(day(newest_full_snapshot()), 'ordered_at', 'orders') }}
),

spent as (
    select
        coalesce(sum(n_orders), 0) as n_orders,
        coalesce(sum(total_spent), 0) as total_spent
    from customers
),

sold as (
    select
        count(*) as n_orders,
        coalesce(sum(amount), 0) as total_spent
    from orders
)

select
    spent.n_orders as n_orders_by_customer,
    sold.n_orders,
    spent.total_spent as spent_by_customer,
    sold.total_spent
from spent
cross join sold
where spent.n_orders <> sold.n_orders or spent.total_spent <> sold.total_spent
