{{ config(materialized='incremental', unique_key='activity_date') }}

{%- set since = first_changed_day([
    {'relation': ref('int_commerce__orders'), 'clock': 'ordered_at'},
    {'relation': ref('int_commerce__returns'), 'clock': 'returned_at'},
    {'relation': ref('stg_engagement__sessions'), 'clock': 'started_at'},
], looked_up=['fx_rates']) %}
{%- set newest = day(newest_snapshot()) if execute and target.name != 'lint' else day('2000-01-01') %}

with orders as (
    select * from {{ ref('int_commerce__orders') }}
    where {{ known_at(newest, 'ordered_at') }} {% if since %}and ordered_at >= {{ day(since) }}{% endif %}
),

returned as (
    select * from {{ ref('int_commerce__returns') }}
    where {{ known_at(newest, 'returned_at') }} {% if since %}and returned_at >= {{ day(since) }}{% endif %}
),

sessions as (
    select * from {{ ref('stg_engagement__sessions') }}
    where {{ known_at(newest, 'started_at') }} {% if since %}and started_at >= {{ day(since) }}{% endif %}
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
        0 as n_converted_sessions
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
        0 as n_converted_sessions
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
        count(*) filter (where is_converted) as n_converted_sessions
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
