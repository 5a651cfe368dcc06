-- Why: what moves the churn probability of one customer most.
select
    unnest([reason_1, reason_2, reason_3]) as reason,
    unnest([reason_1_value, reason_2_value, reason_3_value]) as reason_value,
    unnest([reason_1_effect, reason_2_effect, reason_3_effect]) as effect,
    unnest([reason_1_direction, reason_2_direction, reason_3_direction]) as direction
from marts.customer_churn
where customer_id = $customer
