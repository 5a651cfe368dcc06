with versions as ({{ known_versions(source('success', 'usage_events'), ['usage_event_id'], 'used_at') }})

select
    usage_event_id,
    customer_id,
    user_id,
    used_at,
    feature,
    quantity,
    duration_s,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
