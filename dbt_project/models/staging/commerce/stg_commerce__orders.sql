with versions as ({{ known_versions(source('commerce', 'orders'), ['order_id'], 'ordered_at') }})

select
    order_id,
    customer_id,
    ordered_at,
    amount,
    currency,
    status,
    channel,
    discount_amount,
    shipping_amount,
    tax_amount,
    payment_method,
    coupon_code,
    store_id,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
