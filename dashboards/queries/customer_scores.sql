-- What the models say of one customer, with bounds.
select prediction_type, probability, value, lower_bound, upper_bound, confidence, model_name, model_version, scored_at
from marts.predictions
where customer_id = $customer
order by prediction_type
