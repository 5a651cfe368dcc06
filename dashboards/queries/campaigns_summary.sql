-- Campaigns of one period, those with the highest return on what they cost first.
select *
from marts.campaign_summary
where period = $period and ($channel is null or channel = $channel)
order by roas desc nulls last, campaign_id
