-- What one customer did, by day.
select customer_id, event_date, event_type, n_events, amount
from marts.customer_timeline
where customer_id = $customer
order by event_date, event_type
