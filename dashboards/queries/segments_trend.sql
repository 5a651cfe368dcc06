-- Customers of each segment on every day that was scored, under the name it has now; of one that is gone, under its own.
select
    history.snapshot_date,
    history.segment_id,
    case
        when history.segment_id is null then history.segment_name
        else coalesce(now.segment_name, history.segment_name || ' (gone)')
    end as segment_name,
    history.n_customers
from marts.customer_health_overview as history
left join marts.segments as now on history.segment_id = now.segment_id
where history.segment_name <> 'all'
order by history.snapshot_date, segment_name
