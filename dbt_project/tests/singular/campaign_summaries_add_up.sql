{{ config(meta={'dagster': {'ref': {'name': 'campaign_summary'}}}) }}
-- Fails if the campaigns of a period do not add up to what its channels say of it.
with campaigns as (
    select
        period,
        count(*) as n_campaigns,
        sum(clicks) as clicks,
        sum(cost_amount) as cost_amount
    from {{ ref('campaign_summary') }}
    group by period
),

channels as (select * from {{ ref('channel_summary') }}),

apart as (
    select
        period,
        sum(clicks) as clicks,
        sum(cost_amount) as cost_amount
    from channels
    where channel <> 'all'
    group by period
)

select campaigns.*
from campaigns
left join channels on campaigns.period = channels.period and channels.channel = 'all'
left join apart on campaigns.period = apart.period
where
    channels.period is null
    or campaigns.n_campaigns <> channels.n_campaigns
    or campaigns.cost_amount <> channels.cost_amount
    or campaigns.cost_amount <> apart.cost_amount
    or campaigns.clicks <> channels.clicks
    or campaigns.clicks <> apart.clicks
