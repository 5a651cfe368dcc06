-- How much of all expected value the best customers hold.
select hundredth, n_customers, customer_share, clv_365d, clv_share
from marts.value_concentration
order by hundredth
