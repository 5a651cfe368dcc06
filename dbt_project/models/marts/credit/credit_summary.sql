with decisions as (select * from {{ ref('credit_decisions') }}),

humans as (select count(*) as n_human_decided from {{ ref('credit_human_decisions') }}),

summed as (
    select
        snapshot_date,
        model_version,
        policy_version,
        count(*) as n_scored,
        cast(avg(score) as double) as score_mean,
        avg(pd) as pd_mean,
        avg(pd_lower) as pd_mean_lower,
        avg(pd_upper) as pd_mean_upper,
        count(case when recommendation = 'approve' then 1 end) as n_approve,
        count(case when recommendation = 'refer' then 1 end) as n_refer,
        count(case when recommendation = 'decline' then 1 end) as n_decline,
        count(case when recommendation <> 'approve' then 1 end) as n_for_human
    from decisions
    group by snapshot_date, model_version, policy_version
)

select
    summed.*,
    humans.n_human_decided,
    {{ ratio('summed.n_approve', 'summed.n_scored') }} as approve_share,
    {{ ratio('summed.n_for_human', 'summed.n_scored') }} as for_human_share
from summed
cross join humans
