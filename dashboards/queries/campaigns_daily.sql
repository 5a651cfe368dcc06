-- One campaign by day.
select *
from marts.campaign_performance_daily
where campaign_id = $campaign
order by performance_date
