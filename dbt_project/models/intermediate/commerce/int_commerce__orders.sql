with orders as (select * from {{ ref('stg_commerce__orders') }})

select
    orders.order_id,
    orders.customer_id,
    orders.channel,
    orders.ordered_at,
    {{ in_reporting_currency('orders', 'amount') }},
    {{ in_reporting_currency('orders', 'discount_amount') }},
    orders.known_from,
    orders.known_to,
    orders.batch,
    orders.known_to_batch
from orders
{{ join_fx_rates('orders', 'ordered_at') }}
-- A cancelled order is no purchase; until its cancellation was known it was one.
where coalesce(orders.status, 'placed') <> 'cancelled'
