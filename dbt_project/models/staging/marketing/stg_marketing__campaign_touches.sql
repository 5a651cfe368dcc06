with versions as ({{ known_versions(source('marketing', 'campaign_touches'), ['touch_id'], 'touched_at') }})

select
    touch_id,
    customer_id,
    campaign_id,
    touched_at,
    touch_type,
    channel,
    cost_amount,
    currency,
    treatment_group,
    propensity,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
