-- One channel, or all of them together, in one period.
select *
from marts.channel_summary
where period = $period and channel = coalesce($channel, 'all')
