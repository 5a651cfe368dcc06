with decisions as (
    select decisions.*
    from {{ ref('ml_credit__current_decisions') }} as decisions
    inner join {{ ref('ml_run') }} as run on decisions.snapshot_date = run.snapshot_date
),

humans as (select * from {{ ref('int_finance__human_decisions') }})

select
    decisions.customer_id,
    decisions.snapshot_date,
    decisions.recommendation,
    decisions.policy_verdict,
    decisions.rule,
    decisions.reason,
    decisions.n_rules,
    decisions.score,
    decisions.pd,
    decisions.pd_lower,
    decisions.pd_upper,
    decisions.band,
    decisions.income_monthly,
    decisions.obligations_monthly,
    decisions.free_income_monthly,
    decisions.debt_service_ratio,
    decisions.affordable_instalment,
    decisions.has_lawful_basis,
    decisions.lawful_basis,
    humans.decision as human_decision,
    humans.decided_at as human_decided_at,
    decisions.policy_version,
    decisions.model_version,
    decisions.feature_version,
    decisions.run_id,
    decisions.scored_at
from decisions
left join humans
    on decisions.customer_id = humans.customer_id and decisions.snapshot_date = humans.recommended_on
