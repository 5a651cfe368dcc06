-- The credit score of one customer, with bounds, and what is recommended.
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
    decisions.reason,
    decisions.income_monthly,
    decisions.affordable_instalment,
    decisions.human_decision,
    decisions.policy_version
from marts.credit_scores as scores
left join marts.credit_decisions as decisions on scores.customer_id = decisions.customer_id
where scores.customer_id = $customer
