with lines as (select * from {{ ref('stg_commerce__order_items') }}),

products as (select * from {{ ref('stg_commerce__products') }})

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
    lines.known_to,
    lines.batch,
    lines.known_to_batch
from lines
-- The category as it was known when the line became known, so that no later renaming reaches the past.
left join products
    on
        lines.product_id = products.product_id
        and lines.known_from >= products.known_from
        and (lines.known_from < products.known_to or products.known_to is null)
{{ join_fx_rates('lines', 'ordered_at') }}
