-- The newest day less that of the publication before, and less a day a month before, of all customers or of one segment.
select *
from marts.customer_health_changes
where segment_name = coalesce($segment, 'all')
order by compared_with
