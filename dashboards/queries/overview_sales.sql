-- Sales and activity by day, the last 90 days of data.
select activity_date, n_orders, revenue, refund, net_revenue, n_buyers, n_active_customers
from marts.business_daily
where activity_date > (select max(activity_date) - 90 from marts.business_daily)
order by activity_date
