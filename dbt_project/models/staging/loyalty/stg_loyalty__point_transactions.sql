with versions as (
    {{ known_versions(source('loyalty', 'point_transactions'), ['point_transaction_id'], 'transacted_at') }}
)

select
    point_transaction_id,
    account_id,
    customer_id,
    transacted_at,
    points,
    transaction_type,
    order_id,
    partner_id,
    mission_id,
    expires_at,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
