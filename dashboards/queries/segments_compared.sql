-- Sizes of segments less those of the earlier day that the newest is compared with.
select
    segment_id,
    segment_name,
    earlier_date,
    is_earlier_published,
    earlier_n_customers,
    n_customers_change,
    n_customers_change_share
from marts.customer_health_changes
where segment_id is not null and compared_with = coalesce($compared_with, 'month')
order by segment_id
