with versions as ({{ known_versions(source('loyalty', 'loyalty_accounts'), ['account_id'], 'enrolled_at') }})

select
    account_id,
    program_id,
    customer_id,
    enrolled_at,
    tier_id,
    closed_at,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
