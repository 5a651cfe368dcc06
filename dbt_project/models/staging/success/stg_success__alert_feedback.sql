with versions as ({{ known_versions(source('success', 'alert_feedback'), ['alert_feedback_id'], 'given_at') }})

select
    alert_feedback_id,
    alert_id,
    customer_id,
    given_at,
    is_useful,
    reason,
    given_by,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
