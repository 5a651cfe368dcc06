-- Customers by score, in steps of ten points.
select
    cast(floor(score / 10) * 10 as integer) as score_from,
    cast(floor(score / 10) * 10 + 10 as integer) as score_to,
    band,
    count(*) as n_customers,
    avg(pd) as pd_mean
from marts.credit_scores
group by all
order by score_from, band
