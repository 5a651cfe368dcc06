with versions as ({{ known_versions(source('loyalty', 'missions'), ['mission_id']) }})

select
    mission_id,
    program_id,
    mission_name,
    mission_type,
    points_reward,
    starts_at,
    ends_at,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
