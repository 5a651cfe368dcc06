with scores as (
    select * from {{ ref('customer_risk_scores') }}
    where churn_probability is not null
),

-- Each customer under the own segment, and once more under all.
counted as (
    select
        scores.*,
        'all' as counted_under
    from scores
    union all
    select
        scores.*,
        coalesce(scores.segment_name, 'in no segment') as counted_under
    from scores
)

select
    counted_under as segment_name,
    churn_type,
    -- A probability of 1 belongs to the last band.
    cast(least(floor(churn_probability * 20), 19) / 20 as double) as probability_from,
    cast(least(floor(churn_probability * 20), 19) / 20 + 0.05 as double) as probability_to,
    max(snapshot_date) as snapshot_date,
    max(churn_model_version) as model_version,
    count(*) as n_customers,
    avg(churn_probability) as churn_probability_mean
from counted
group by counted_under, churn_type, least(floor(churn_probability * 20), 19)
