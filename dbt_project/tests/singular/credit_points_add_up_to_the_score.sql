{{ config(meta={'dagster': {'ref': {'name': 'credit_scores'}}}) }}
-- Fails if base and points of a customer's bins do not add up to the score, under the very scorecard that scored.
with scores as (select * from {{ ref('credit_scores') }}),

scorecard as (select * from {{ ref('credit_scorecard') }}),

summed as (
    select
        scores.customer_id,
        scores.score,
        count(*) as n_characteristics,
        length(scores.bins) as n_bins,
        max(scorecard.base_points) + sum(scorecard.points) as points
    from scores
    left join scorecard
        on
            scores.model_version = scorecard.model_version
            and substr(scores.bins, scorecard.place, 1) = substr('F0123456789ABCDE', scorecard.bin + 3, 1)
    group by scores.customer_id, scores.score, scores.bins
)

select * from summed
where points is null or points <> score or n_characteristics <> n_bins
