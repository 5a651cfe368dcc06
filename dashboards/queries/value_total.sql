-- The value of all customers together.
select n_customers, clv_365d
from marts.value_concentration
order by hundredth desc
limit 1
