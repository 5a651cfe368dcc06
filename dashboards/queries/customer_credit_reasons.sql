-- What cost one customer most points of the credit score.
select reason_rank, characteristic, points_lost, label, reason
from marts.credit_score_reasons
where customer_id = $customer
order by reason_rank
