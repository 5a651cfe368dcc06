with decisions as (
    select decisions.*
    from {{ ref('ml_credit__current_decisions') }} as decisions
    inner join {{ ref('ml_run') }} as run on decisions.snapshot_date = run.snapshot_date
)

select
    customer_id,
    snapshot_date,
    recommendation,
    policy_verdict,
    rule,
    reason,
    n_rules,
    rules,
    reasons,
    score,
    pd,
    pd_lower,
    pd_upper,
    band,
    income_monthly,
    obligations_monthly,
    free_income_monthly,
    debt_service_ratio,
    affordable_instalment,
    has_lawful_basis,
    lawful_basis,
    policy_version,
    model_version,
    feature_version,
    run_id,
    scored_at
from decisions
