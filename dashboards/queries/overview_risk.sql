-- Customers by churn probability, in bands of 5 points.
select churn_type, probability_from, probability_to, n_customers, churn_probability_mean, model_version
from marts.churn_distribution
order by churn_type, probability_from
