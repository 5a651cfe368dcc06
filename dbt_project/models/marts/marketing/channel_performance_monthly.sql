with days as (select * from {{ ref('campaign_performance_daily') }}),

summed as (
    select
        cast({{ dbt.date_trunc('month', 'performance_date') }} as date) as performance_month,
        case when grouping(channel) = 1 then 'all' else channel end as channel,
        count(distinct campaign_id) as n_campaigns,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(revenue) as decimal(28, 4)) as revenue,
        cast(sum(cost) as decimal(28, 4)) as cost
    from days
    group by
        grouping sets (
            (cast({{ dbt.date_trunc('month', 'performance_date') }} as date)),
            (cast({{ dbt.date_trunc('month', 'performance_date') }} as date), channel)
        )
)

select
    *,
    {{ campaign_rates() }}
from summed
