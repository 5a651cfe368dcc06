-- Customers with a credit score, and what is recommended for them.
select *
from marts.credit_summary
order by snapshot_date desc
limit 1
