-- Channels by month; channel all is all of them together.
select *
from marts.channel_performance_monthly
where
    channel = coalesce($channel, 'all')
    and ($since is null or performance_month >= $since)
order by performance_month
