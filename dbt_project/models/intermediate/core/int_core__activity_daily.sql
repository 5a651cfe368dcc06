{{ config(materialized='table') }}

{%- set newest = day(newest_full_snapshot()) %}

with orders as (
    select * from {{ ref('int_commerce__orders') }}
    where {{ known_at(newest, 'ordered_at') }}
),

returned as (
    select * from {{ ref('int_commerce__returns') }}
    where {{ known_at(newest, 'returned_at') }}
),

sessions as (
    select * from {{ ref('stg_engagement__sessions') }}
    where {{ known_at(newest, 'started_at') }}
),

-- One row per day and customer, so that customers are counted once however much they did; visits without a
-- customer share a row.
by_customer as (
    select
        cast(ordered_at as date) as activity_date,
        customer_id,
        count(*) as n_orders,
        sum(amount) as revenue,
        0 as refund,
        0 as n_sessions,
        null as n_converted_sessions
    from orders
    group by cast(ordered_at as date), customer_id
    union all
    select
        cast(returned_at as date) as activity_date,
        customer_id,
        0 as n_orders,
        0 as revenue,
        sum(refund_amount) as refund,
        0 as n_sessions,
        null as n_converted_sessions
    from returned
    group by cast(returned_at as date), customer_id
    union all
    select
        cast(started_at as date) as activity_date,
        customer_id,
        0 as n_orders,
        0 as revenue,
        0 as refund,
        count(*) as n_sessions,
        -- Null where the source does not tell of conversions.
        sum(case when is_converted then 1 when not is_converted then 0 end) as n_converted_sessions
    from sessions
    group by cast(started_at as date), customer_id
),

by_day_and_customer as (
    select
        activity_date,
        customer_id,
        sum(n_orders) as n_orders,
        sum(revenue) as revenue,
        sum(refund) as refund,
        sum(n_sessions) as n_sessions,
        sum(n_converted_sessions) as n_converted_sessions
    from by_customer
    group by activity_date, customer_id
)

select
    activity_date,
    cast(sum(n_orders) as bigint) as n_orders,
    cast(coalesce(sum(revenue), 0) as decimal(28, 4)) as revenue,
    cast(coalesce(sum(refund), 0) as decimal(28, 4)) as refund,
    cast(count(customer_id) filter (where n_orders > 0) as bigint) as n_buyers,
    cast(count(customer_id) filter (where n_orders > 0 or n_sessions > 0) as bigint) as n_active_customers,
    cast(sum(n_sessions) as bigint) as n_sessions,
    cast(sum(n_converted_sessions) as bigint) as n_converted_sessions,
    cast({{ lake_batch() }} as bigint) as lake_batch
from by_day_and_customer
group by activity_date
