-- The days that the newest is compared with, and whether readers saw them.
select compared_with, snapshot_date, earlier_date, is_earlier_published
from marts.customer_health_changes
where segment_name = 'all'
order by compared_with
