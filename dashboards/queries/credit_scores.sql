-- Customers with a credit score.
select count(*) as n_customers, max(snapshot_date) as snapshot_date
from marts.credit_scores
having count(*) > 0
