-- The value of all customers together.
select n_customers, clv_365d, clv_365d_lower, clv_365d_upper
from marts.value_concentration
order by hundredth desc
limit 1
