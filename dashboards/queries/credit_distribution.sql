-- Customers by score, in steps of ten points.
select *
from marts.credit_score_distribution
order by score_from, band
