with lines as (select * from {{ ref('stg_commerce__order_items') }}),

products as (select * from {{ ref('stg_commerce__products') }}),

-- From when an order counts as cancelled; for its lines that is final, whatever the order says later.
cancellations as (
    select
        order_id,
        min(greatest(known_from, ordered_at + {{ load_grace() }})) as cancelled_at,
        max(batch) as cancelled_in_batch
    from {{ ref('stg_commerce__orders') }}
    -- Without lines there is nothing to cancel, and no need to read all orders for it.
    where status = 'cancelled' and {{ has_landed('order_items') }}
    group by order_id
)

select
    lines.order_item_id,
    lines.order_id,
    lines.customer_id,
    lines.product_id,
    products.category,
    lines.ordered_at,
    lines.quantity,
    {{ in_reporting_currency('lines', 'amount') }},
    lines.known_from,
    least(
        coalesce(lines.known_to, cancellations.cancelled_at),
        coalesce(cancellations.cancelled_at, lines.known_to)
    ) as known_to,
    lines.batch,
    greatest(
        coalesce(lines.known_to_batch, cancellations.cancelled_in_batch),
        coalesce(cancellations.cancelled_in_batch, lines.known_to_batch)
    ) as known_to_batch
from lines
-- The category as it was known when the line became known, so that no later renaming reaches the past.
left join products
    on
        lines.product_id = products.product_id
        and lines.known_from >= products.known_from
        and (lines.known_from < products.known_to or products.known_to is null)
left join cancellations on lines.order_id = cancellations.order_id
{{ join_fx_rates('lines', 'ordered_at') }}
