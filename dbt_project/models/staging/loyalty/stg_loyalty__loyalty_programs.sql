with versions as ({{ known_versions(source('loyalty', 'loyalty_programs'), ['program_id']) }})

select
    program_id,
    program_name,
    starts_at,
    ends_at,
    point_value,
    currency,
    points_expire_after_days,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
