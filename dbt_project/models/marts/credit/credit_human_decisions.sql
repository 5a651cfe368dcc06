with decisions as (
    select
        *,
        coalesce(recommended_at, scored_at) as shown_at
    from {{ ref('ml_credit__decisions') }}
),

humans as (select * from {{ ref('int_finance__human_decisions') }}),

-- What people were shown is what was recommended last before they decided. Where all of it came later, as in a
-- warehouse that was built anew, the first is nearest to it.
answered as (
    select
        decisions.*,
        humans.decision as human_decision,
        humans.decided_at as human_decided_at,
        row_number() over (
            partition by decisions.customer_id, decisions.snapshot_date
            order by
                case when decisions.shown_at <= humans.decided_at then 0 else 1 end asc,
                case when decisions.shown_at <= humans.decided_at then decisions.shown_at end desc,
                decisions.shown_at asc
        ) as place
    from decisions
    inner join humans
        on decisions.customer_id = humans.customer_id and decisions.snapshot_date = humans.recommended_on
)

select
    customer_id,
    snapshot_date,
    recommendation,
    policy_verdict,
    rule,
    reason,
    score,
    pd,
    band,
    human_decision,
    human_decided_at,
    -- A referral leaves it to people; who withdraws decides nothing about the recommendation.
    case
        when recommendation = 'refer' or human_decision = 'withdrawn' then cast(null as boolean)
        else (recommendation = 'approve') = (human_decision = 'approved')
    end as is_as_recommended,
    policy_version,
    model_version,
    run_id,
    scored_at
from answered
where place = 1
