with decisions as (select * from {{ ref('stg_finance__credit_decision_outcomes') }}),

newest as (
    select
        decisions.customer_id,
        decisions.recommended_on,
        decisions.decision,
        decisions.decided_at,
        row_number() over (
            partition by decisions.customer_id, decisions.recommended_on
            order by decisions.decided_at desc, decisions.decision_id desc
        ) as place
    from decisions
    where
        decisions.recommended_on is not null
        and {{ known_at("cast('" ~ newest_full_snapshot() ~ "' as timestamp)", 'decided_at', 'decisions') }}
)

select
    customer_id,
    recommended_on,
    decision,
    decided_at
from newest
where place = 1
