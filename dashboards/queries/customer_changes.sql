-- What changed for one customer since about a month ago, and since the publication before.
select *
from marts.customer_changes
where customer_id = $customer
order by compared_with
