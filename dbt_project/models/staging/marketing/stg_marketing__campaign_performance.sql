with versions as (
    {{ known_versions(
        source('marketing', 'campaign_performance'), ['campaign_id', 'performance_date'], 'performance_date'
    ) }}
)

select
    campaign_id,
    performance_date,
    impressions,
    clicks,
    conversions,
    revenue_amount,
    cost_amount,
    currency,
    known_from,
    known_to,
    batch,
    known_to_batch
from versions
