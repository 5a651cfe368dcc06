{{ config(meta={'dagster': {'ref': {'name': 'credit_decisions'}}}) }}
-- Fails if a customer scored at the newest snapshot has no decision.
select scores.customer_id
from {{ ref('ml_credit__scores') }} as scores
inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
left join {{ ref('credit_decisions') }} as decisions
    on scores.customer_id = decisions.customer_id and scores.snapshot_date = decisions.snapshot_date
where decisions.customer_id is null
