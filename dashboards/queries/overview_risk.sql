-- Customers by churn probability, in bands of 5 points, of all customers or of one segment.
select churn_type, probability_from, probability_to, n_customers, churn_probability_mean, model_version
from marts.churn_distribution
where segment_name = coalesce($segment, 'all')
order by churn_type, probability_from
