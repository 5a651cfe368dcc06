with campaigns as (select * from {{ ref('stg_marketing__campaigns') }})

select
    campaigns.campaign_id,
    campaigns.campaign_name,
    campaigns.campaign_type,
    campaigns.channel,
    campaigns.target_audience,
    campaigns.starts_at,
    campaigns.ends_at,
    {{ in_reporting_currency('campaigns', 'budget_amount') }},
    campaigns.known_from,
    campaigns.known_to,
    campaigns.batch,
    campaigns.known_to_batch
from campaigns
{{ join_fx_rates('campaigns', 'starts_at') }}
