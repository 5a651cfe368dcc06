with activity as (select * from {{ ref('int_core__activity_daily') }})

select
    activity_date,
    n_orders,
    revenue,
    refund,
    cast(revenue - refund as decimal(28, 4)) as net_revenue,
    n_buyers,
    n_active_customers,
    n_sessions,
    n_converted_sessions,
    {{ ratio('n_converted_sessions', 'n_sessions') }} as conversion_share,
    {{ ratio('revenue', 'n_orders') }} as aov
from activity
