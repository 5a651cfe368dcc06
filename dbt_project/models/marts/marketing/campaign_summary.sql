with days as (select * from {{ ref('campaign_performance_daily') }}),

campaigns as (
    select * from {{ ref('int_marketing__campaigns') }}
    where {{ known_at(day(newest_full_snapshot())) }}
),

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

summed as (
    select
        period,
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
    from periods
    group by period, campaign_id, campaign_name, campaign_type, channel
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
    case when rated.period = 'all_time' then {{ ratio('rated.cost_amount', 'campaigns.budget_amount') }} end
        as budget_spent_share
from rated
left join campaigns on rated.campaign_id = campaigns.campaign_id
