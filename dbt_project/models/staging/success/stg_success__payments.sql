with versions as ({{ known_versions(source('success', 'payments'), ['payment_id'], 'paid_at') }})

select
    payment_id,
    customer_id,
    invoice_id,
    order_id,
    paid_at,
    amount,
    currency,
    method,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
