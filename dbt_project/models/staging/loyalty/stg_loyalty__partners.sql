with versions as ({{ known_versions(source('loyalty', 'partners'), ['partner_id']) }})

select
    partner_id,
    partner_name,
    partner_type,
    joined_at,
    ended_at,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
