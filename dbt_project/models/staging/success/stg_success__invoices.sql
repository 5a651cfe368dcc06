with versions as ({{ known_versions(source('success', 'invoices'), ['invoice_id'], 'issued_at') }})

select
    invoice_id,
    customer_id,
    subscription_id,
    issued_at,
    due_at,
    amount,
    currency,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
