with decisions as (select * from {{ ref('ml_credit__decisions') }}),

humans as (select * from {{ ref('int_finance__human_decisions') }})

select
    decisions.customer_id,
    decisions.snapshot_date,
    decisions.recommendation,
    decisions.policy_verdict,
    decisions.rule,
    decisions.reason,
    decisions.score,
    decisions.pd,
    decisions.band,
    humans.decision as human_decision,
    humans.decided_at as human_decided_at,
    -- A referral leaves it to people; who withdraws decides nothing about the recommendation.
    case
        when decisions.recommendation = 'refer' or humans.decision = 'withdrawn' then cast(null as boolean)
        else (decisions.recommendation = 'approve') = (humans.decision = 'approved')
    end as is_as_recommended,
    decisions.policy_version,
    decisions.model_version,
    decisions.run_id,
    decisions.scored_at
from decisions
inner join humans
    on decisions.customer_id = humans.customer_id and decisions.snapshot_date = humans.recommended_on
