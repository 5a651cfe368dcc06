-- What costs customers points: by how many it costs most, the first twelve.
select *
from marts.credit_reason_summary
order by n_first desc, n_customers desc, characteristic
limit 12
