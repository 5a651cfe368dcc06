{%- set newest = day(newest_full_snapshot()) -%}
{%- set days = checked_var('timeline_days', 7, 1100) -%}
{%- set since = newest ~ " - interval '" ~ days ~ "' day" -%}
with orders as (
    select * from {{ ref('int_commerce__orders') }}
    where {{ known_at(newest, 'ordered_at') }} and ordered_at >= {{ since }}
),

returned as (
    select * from {{ ref('int_commerce__returns') }}
    where {{ known_at(newest, 'returned_at') }} and returned_at >= {{ since }}
),

sessions as (
    select * from {{ ref('int_engagement__sessions') }}
    where {{ known_at(newest, 'started_at') }} and started_at >= {{ since }}
),

-- Under a consent that covers the moment and still runs.
felt as (
    select * from {{ ref('int_emotion__felt') }}
    where felt_at >= {{ since }}
),

events as (
    select
        customer_id,
        cast(ordered_at as date) as event_date,
        'order' as event_type,
        amount
    from orders
    union all
    select
        customer_id,
        cast(returned_at as date) as event_date,
        'return' as event_type,
        refund_amount as amount
    from returned
    union all
    select
        customer_id,
        cast(started_at as date) as event_date,
        'session' as event_type,
        cast(null as decimal(18, 4)) as amount
    from sessions
    union all
    select
        customer_id,
        cast(felt_at as date) as event_date,
        case when is_negative then 'negative emotion' else 'emotion' end as event_type,
        cast(null as decimal(18, 4)) as amount
    from felt
),

-- Only those whom people may look up: an order can be known before its customer is.
customers as (select customer_id from {{ ref('customer_profile') }})

select
    events.customer_id,
    events.event_date,
    events.event_type,
    count(*) as n_events,
    cast(sum(events.amount) as decimal(28, 4)) as amount
from events
inner join customers on events.customer_id = customers.customer_id
group by events.customer_id, events.event_date, events.event_type
-- One customer's rows lie together, so that a look-up reads a small part of the file.
order by events.customer_id, events.event_date
