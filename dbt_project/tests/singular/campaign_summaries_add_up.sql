{{ config(meta={'dagster': {'ref': {'name': 'campaign_summary'}}}) }}
-- Fails if the campaigns of a period do not add up to what its channels say of it, or one of both says nothing.
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
),

together as (
    select * from channels
    where channel = 'all'
)

select
    coalesce(campaigns.period, together.period, apart.period) as period,
    campaigns.n_campaigns,
    campaigns.clicks,
    campaigns.cost_amount
from campaigns
full outer join together on campaigns.period = together.period
full outer join apart on coalesce(campaigns.period, together.period) = apart.period
where
    campaigns.period is null
    or together.period is null
    or apart.period is null
    or campaigns.n_campaigns is distinct from together.n_campaigns
    or campaigns.cost_amount is distinct from together.cost_amount
    or campaigns.cost_amount is distinct from apart.cost_amount
    or campaigns.clicks is distinct from together.clicks
    or campaigns.clicks is distinct from apart.clicks
