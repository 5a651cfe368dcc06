with versions as ({{ known_versions(source('commerce', 'returns'), ['return_id'], 'returned_at') }})

select
    return_id,
    order_id,
    order_item_id,
    customer_id,
    product_id,
    returned_at,
    quantity,
    refund_amount,
    currency,
    reason,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
