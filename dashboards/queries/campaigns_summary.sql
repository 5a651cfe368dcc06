-- Campaigns, the newest first.
select *
from marts.campaign_summary
where
    ($channel is null or channel = $channel)
    and ($since is null or last_date >= $since)
order by last_date desc, campaign_id
