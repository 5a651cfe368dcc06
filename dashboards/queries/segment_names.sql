-- The segments to choose from.
select segment_name, n_customers
from marts.segments
order by n_customers desc, segment_name
