with versions as ({{ known_versions(source('success', 'action_outcomes'), ['action_id', 'outcome'], 'observed_at') }})

select
    action_id,
    customer_id,
    observed_at,
    outcome,
    value_amount,
    currency,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
