with scores as (select * from {{ ref('credit_scores') }}),

decisions as (select * from {{ ref('credit_decisions') }}),

bands as (
    select
        scores.band,
        max(scores.band_meaning) as band_meaning,
        max(scores.snapshot_date) as snapshot_date,
        max(scores.model_version) as model_version,
        count(*) as n_customers,
        min(scores.score) as score_lowest,
        max(scores.score) as score_highest,
        avg(scores.pd) as pd_mean,
        avg(scores.pd_lower) as pd_mean_lower,
        avg(scores.pd_upper) as pd_mean_upper,
        count(case when decisions.recommendation = 'approve' then 1 end) as n_approve
    from scores
    left join decisions on scores.customer_id = decisions.customer_id
    group by scores.band
)

select
    *,
    {{ ratio('n_customers', 'sum(n_customers) over ()') }} as customer_share,
    {{ ratio('n_approve', 'n_customers') }} as approve_share
from bands
