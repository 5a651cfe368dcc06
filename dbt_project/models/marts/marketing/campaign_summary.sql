with days as (select * from {{ ref('campaign_performance_daily') }}),

campaigns as (
    select * from {{ ref('int_marketing__campaigns') }}
    where {{ known_at(day(newest_full_snapshot())) }}
),

summed as (
    select
        campaign_id,
        campaign_name,
        campaign_type,
        channel,
        min(performance_date) as first_date,
        max(performance_date) as last_date,
        count(*) as n_days,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(revenue_amount) as decimal(28, 4)) as revenue_amount,
        cast(sum(cost_amount) as decimal(28, 4)) as cost_amount
    from days
    group by campaign_id, campaign_name, campaign_type, channel
),

rated as (
    select
        *,
        {{ campaign_rates() }}
    from summed
)

select
    rated.*,
    campaigns.budget_amount,
    {{ ratio('rated.cost_amount', 'campaigns.budget_amount') }} as budget_spent_share
from rated
left join campaigns on rated.campaign_id = campaigns.campaign_id
