with versions as ({{ known_versions(source('marketing', 'campaigns'), ['campaign_id']) }})

select
    campaign_id,
    campaign_name,
    campaign_type,
    channel,
    starts_at,
    ends_at,
    budget_amount,
    currency,
    target_audience,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
