-- Customers by recency and frequency fifths, by rule.
select recency_score, frequency_score, n_customers, customer_share, monetary_score_mean
from marts.rfm_cells
order by recency_score, frequency_score
