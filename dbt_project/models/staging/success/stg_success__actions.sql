with versions as ({{ known_versions(source('success', 'actions'), ['action_id'], 'taken_at') }})

select
    action_id,
    customer_id,
    recommendation_id,
    action_type,
    taken_at,
    taken_by,
    cost_amount,
    currency,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
