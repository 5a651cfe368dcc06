-- Sales by month.
select
    cast(date_trunc('month', activity_date) as date) as activity_month,
    sum(n_orders) as n_orders,
    sum(revenue) as revenue,
    sum(refund) as refund,
    sum(net_revenue) as net_revenue
from marts.business_daily
group by activity_month
order by activity_month
