-- The credit score of one customer, with bounds, what is recommended, and what people decided last, of whichever day.
with humans as (
    select human_decision, human_decided_at, snapshot_date as human_decided_of
    from marts.credit_human_decisions
    where customer_id = $customer
    order by human_decided_at desc, snapshot_date desc
    limit 1
)

select
    scores.score,
    scores.pd,
    scores.pd_lower,
    scores.pd_upper,
    scores.band,
    scores.band_meaning,
    scores.model_version,
    scores.snapshot_date,
    decisions.recommendation,
    decisions.rule,
    decisions.reasons,
    decisions.income_monthly,
    decisions.affordable_instalment,
    humans.human_decision,
    humans.human_decided_at,
    humans.human_decided_of,
    decisions.policy_version
from marts.credit_scores as scores
left join marts.credit_decisions as decisions on scores.customer_id = decisions.customer_id
left join humans on true
where scores.customer_id = $customer
