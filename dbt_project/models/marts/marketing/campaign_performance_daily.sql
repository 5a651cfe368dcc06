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
        -- Marts above call the sum of all channels all; one that the source calls so is told apart.
        case campaigns.channel
            when 'all' then 'channel all'
            else coalesce(campaigns.channel, 'unknown')
        end as channel,
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
