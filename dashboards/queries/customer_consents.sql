-- Whether a consent covers how one customer feels, by week.
select week_start_date, is_covered_by_consent
from marts.customer_emotion_finance
where customer_id = $customer
order by week_start_date
