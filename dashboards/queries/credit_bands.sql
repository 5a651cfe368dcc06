-- Bands: customers, scores, and the mean probability of default with its bounds.
select
    band,
    band_meaning,
    count(*) as n_customers,
    min(score) as score_lowest,
    max(score) as score_highest,
    avg(pd) as pd_mean,
    avg(pd_lower) as pd_mean_lower,
    avg(pd_upper) as pd_mean_upper
from marts.credit_scores
group by band, band_meaning
order by band
