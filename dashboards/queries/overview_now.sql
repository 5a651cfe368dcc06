-- The newest day, of all customers or of one segment.
select *
from marts.customer_health_overview
where
    segment_name = coalesce($segment, 'all')
    and snapshot_date = (select max(snapshot_date) from marts.customer_health_overview)
