-- Customers in tenths by their expected value of 365 days.
select *
from marts.value_deciles
order by decile
