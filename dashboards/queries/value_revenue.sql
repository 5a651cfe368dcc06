-- Sales by month.
select activity_month, is_complete, n_orders, revenue, refund, net_revenue, aov
from marts.business_monthly
order by activity_month
