with versions as ({{ known_versions(source('finance', 'credit_decision_outcomes'), ['decision_id'], 'decided_at') }})

select
    decision_id,
    customer_id,
    recommended_on,
    decided_at,
    decision,
    reason,
    amount,
    currency,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
