with versions as ({{ known_versions(source('loyalty', 'rewards'), ['reward_id']) }})

select
    reward_id,
    program_id,
    reward_name,
    reward_type,
    points_cost,
    cost_amount,
    currency,
    available_from,
    available_to,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
