{{ config(meta={'dagster': {'ref': {'name': 'credit_score_reasons'}}}) }}
-- Fails if a customer lost more points on something that is no reason than on something that is, or has fewer reasons
-- than four despite points lost.
with scores as (select * from {{ ref('credit_scores') }}),

scorecard as (select * from {{ ref('credit_scorecard') }}),

reasons as (select * from {{ ref('credit_score_reasons') }}),

lost as (
    select
        scores.customer_id,
        scorecard.characteristic,
        scorecard.reference_points - scorecard.points as points_lost
    from scores
    inner join scorecard
        on
            scores.model_version = scorecard.model_version
            and substr(scores.bins, scorecard.place, 1) = substr('F0123456789ABCDE', scorecard.bin + 3, 1)
),

named as (
    select
        customer_id,
        count(*) as n_reasons,
        min(points_lost) as least_lost
    from reasons
    group by customer_id
)

select
    lost.customer_id,
    lost.characteristic,
    lost.points_lost
from lost
left join named on lost.customer_id = named.customer_id
left join reasons on lost.customer_id = reasons.customer_id and lost.characteristic = reasons.characteristic
where
    reasons.customer_id is null
    and lost.points_lost > case when coalesce(named.n_reasons, 0) < 4 then 0 else named.least_lost end
