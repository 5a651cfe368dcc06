with days as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'performance_date') }} as date) as performance_month
    from {{ ref('campaign_performance_daily') }}
),

-- Each day under its own channel, and once more under all.
counted as (
    select
        days.*,
        days.channel as counted_under
    from days
    union all
    select
        days.*,
        'all' as counted_under
    from days
),

summed as (
    select
        performance_month,
        counted_under as channel,
        count(distinct campaign_id) as n_campaigns,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(revenue_amount) as decimal(28, 4)) as revenue_amount,
        cast(sum(cost_amount) as decimal(28, 4)) as cost_amount
    from counted
    group by performance_month, counted_under
)

select
    *,
    {{ campaign_rates() }}
from summed
