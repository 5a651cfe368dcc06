with churn as (select * from {{ ref('customer_churn') }})

select
    churn_type,
    -- A probability of 1 belongs to the last band.
    cast(least(floor(churn_probability * 20), 19) / 20 as double) as probability_from,
    cast(least(floor(churn_probability * 20), 19) / 20 + 0.05 as double) as probability_to,
    max(snapshot_date) as snapshot_date,
    max(model_version) as model_version,
    count(*) as n_customers,
    avg(churn_probability) as churn_probability_mean
from churn
group by churn_type, least(floor(churn_probability * 20), 19)
