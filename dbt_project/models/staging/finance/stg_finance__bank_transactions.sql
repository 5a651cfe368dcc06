with versions as ({{ known_versions(source('finance', 'bank_transactions'), ['transaction_id'], 'booked_at') }})

select
    transaction_id,
    customer_id,
    account_id,
    booked_at,
    amount,
    currency,
    balance_after,
    credit_limit,
    category,
    counterparty_type,
    is_recurring,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
