-- What costs customers most points, first reasons only.
select characteristic, count(*) as n_customers, avg(points_lost) as points_lost_mean
from marts.credit_score_reasons
where reason_rank = 1
group by characteristic
order by n_customers desc, characteristic
limit 12
