with scores as (select * from {{ ref('credit_scores') }})

select
    cast(floor(score / 10.0) * 10 as integer) as score_from,
    cast(floor(score / 10.0) * 10 + 10 as integer) as score_to,
    band,
    max(snapshot_date) as snapshot_date,
    max(model_version) as model_version,
    count(*) as n_customers,
    avg(pd) as pd_mean,
    avg(pd_lower) as pd_mean_lower,
    avg(pd_upper) as pd_mean_upper
from scores
group by floor(score / 10.0), band
