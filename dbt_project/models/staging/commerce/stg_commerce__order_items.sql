with versions as ({{ known_versions(source('commerce', 'order_items'), ['order_item_id'], 'ordered_at') }})

select
    order_item_id,
    order_id,
    customer_id,
    ordered_at,
    product_id,
    quantity,
    unit_price,
    discount_amount,
    amount,
    currency,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
