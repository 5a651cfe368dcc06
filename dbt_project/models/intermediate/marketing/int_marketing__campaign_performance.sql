with performance as (select * from {{ ref('stg_marketing__campaign_performance') }})

select
    performance.campaign_id,
    performance.performance_date,
    performance.impressions,
    performance.clicks,
    performance.conversions,
    {{ in_reporting_currency('performance', 'revenue_amount') }},
    {{ in_reporting_currency('performance', 'cost_amount') }},
    performance.known_from,
    performance.known_to,
    performance.batch,
    performance.known_to_batch
from performance
{{ join_fx_rates('performance', 'performance_date') }}
