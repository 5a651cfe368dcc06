-- The channels to choose from.
select distinct channel
from marts.campaign_summary
order by channel
