-- What was recommended last, of those whom the day still has a score of. Rows of before recommendations were kept apart
-- have the time of their scores alone.
with decisions as (select * from {{ ref('ml_credit__decisions') }}),

scores as (select * from {{ ref('ml_credit__scores') }}),

ranked as (
    select
        decisions.*,
        cast(row_number() over (
            partition by decisions.customer_id, decisions.snapshot_date
            order by coalesce(decisions.recommended_at, decisions.scored_at) desc
        ) as bigint) as age
    from decisions
    inner join scores
        on
            decisions.customer_id = scores.customer_id
            and decisions.snapshot_date = scores.snapshot_date
            and decisions.run_id = scores.run_id
)

select * from ranked
where age = 1
