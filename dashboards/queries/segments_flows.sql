-- Customers by the segment they were in then and are in now.
select
    earlier_date,
    is_earlier_published,
    snapshot_date,
    earlier_segment_name,
    segment_name,
    n_customers,
    earlier_segment_share,
    value_at_risk
from marts.segment_flows
where compared_with = coalesce($compared_with, 'month')
order by earlier_segment_name, segment_name
