{%- set newest = day(newest_full_snapshot()) -%}
with performance as (
    select * from {{ ref('int_marketing__campaign_performance') }}
    where {{ known_at(newest, 'performance_date') }}
),

campaigns as (
    select * from {{ ref('int_marketing__campaigns') }}
    where {{ known_at(newest) }}
),

days as (
    select
        performance.campaign_id,
        performance.performance_date,
        coalesce(campaigns.campaign_name, performance.campaign_id) as campaign_name,
        campaigns.campaign_type,
        coalesce(campaigns.channel, 'unknown') as channel,
        performance.impressions,
        performance.clicks,
        performance.conversions,
        performance.revenue_amount,
        performance.cost_amount
    from performance
    left join campaigns on performance.campaign_id = campaigns.campaign_id
)

select
    *,
    {{ campaign_rates() }}
from days
