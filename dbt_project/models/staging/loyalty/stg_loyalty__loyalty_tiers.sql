with versions as ({{ known_versions(source('loyalty', 'loyalty_tiers'), ['tier_id']) }})

select
    tier_id,
    program_id,
    tier_name,
    tier_rank,
    min_points,
    earn_multiplier,
    effective_from,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
