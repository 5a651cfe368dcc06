with versions as ({{ known_versions(source('loyalty', 'redemptions'), ['redemption_id'], 'redeemed_at') }})

select
    redemption_id,
    account_id,
    customer_id,
    reward_id,
    redeemed_at,
    points_spent,
    status,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
