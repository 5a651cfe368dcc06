-- Customers of each segment on every day that was scored, under the name it has now.
select
    history.snapshot_date,
    coalesce(now.segment_name, history.segment_name) as segment_name,
    history.n_customers,
    now.segment_id is not null as is_still_found
from marts.customer_health_overview as history
left join marts.segments as now on history.segment_id = now.segment_id
where history.segment_name <> 'all'
order by history.snapshot_date, segment_name
