-- Customers by recency and frequency fifths, by rule.
select recency_score, frequency_score, count(*) as n_customers
from marts.customer_rfm_segments
group by recency_score, frequency_score
order by recency_score, frequency_score
