with reasons as (select * from {{ ref('credit_score_reasons') }})

select
    characteristic,
    max(snapshot_date) as snapshot_date,
    count(case when reason_rank = 1 then 1 end) as n_first,
    count(*) as n_customers,
    cast(avg(points_lost) as double) as points_lost_mean
from reasons
group by characteristic
