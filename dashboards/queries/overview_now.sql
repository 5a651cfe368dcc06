-- The newest day beside the one before it and the one about a month before, of all customers or of one segment.
select *
from marts.customer_health_overview
where
    segment_name = coalesce($segment, 'all')
    and snapshot_date in (
        select unnest([
            max(snapshot_date),
            max(snapshot_date) filter (where snapshot_date < newest),
            max(snapshot_date) filter (where snapshot_date <= newest - 28)
        ])
        from (select snapshot_date, max(snapshot_date) over () as newest from marts.customer_health_overview)
    )
order by snapshot_date desc
