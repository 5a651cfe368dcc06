with versions as (
    {{ known_versions(source('success', 'alert_status_events'), ['alert_id', 'changed_at'], 'changed_at') }}
)

select
    alert_id,
    customer_id,
    changed_at,
    status,
    changed_by,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
