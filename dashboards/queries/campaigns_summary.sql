-- Campaigns of one period, the newest first.
select *
from marts.campaign_summary
where period = $period and ($channel is null or channel = $channel)
order by last_date desc, campaign_id
