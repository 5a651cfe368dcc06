with days as (select * from {{ ref('campaign_performance_daily') }}),

-- As many days up to the newest snapshot, or all there are.
periods as (
    {%- for period, days_back in [('last_92_days', 92), ('last_365_days', 365), ('all_time', none)] %}
    select
        days.*,
        '{{ period }}' as period
    from days
    {%- if days_back %}
    where days.performance_date >= {{ add_days("cast('" ~ newest_full_snapshot() ~ "' as date)", -days_back) }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Each day under its own channel, and once more under all.
counted as (
    select
        periods.*,
        periods.channel as counted_under
    from periods
    union all
    select
        periods.*,
        'all' as counted_under
    from periods
),

summed as (
    select
        period,
        counted_under as channel,
        min(performance_date) as first_date,
        max(performance_date) as last_date,
        count(distinct campaign_id) as n_campaigns,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as bigint) as conversions,
        cast(sum(revenue_amount) as decimal(28, 4)) as revenue_amount,
        cast(sum(cost_amount) as decimal(28, 4)) as cost_amount
    from counted
    group by period, counted_under
)

select
    *,
    {{ campaign_rates() }}
from summed
