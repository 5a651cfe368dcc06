-- The channels to choose from.
select channel
from marts.channel_summary
where period = 'all_time' and channel <> 'all'
order by channel
