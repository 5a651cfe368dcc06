-- The day whose scores those of single customers are compared with.
select earlier_date, is_earlier_published
from marts.customer_changes
where compared_with = 'previous'
limit 1
