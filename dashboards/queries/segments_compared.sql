-- Which earlier day the newest is compared with.
select compared_with, earlier_date, is_earlier_published
from marts.customer_health_changes
where segment_name = 'all' and compared_with = coalesce($compared_with, 'month')
