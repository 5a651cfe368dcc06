{%- set living_share = checked_var('credit_living_share', 0, 0.9) -%}
{%- set debt_service_cap = checked_var('credit_debt_service_cap', 0.05, 0.9) -%}
with scores as (
    select scores.*
    from {{ ref('ml_credit__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

features as (select * from {{ ref('ml_credit__inputs') }}),

population as (select * from {{ ref('ml_credit__population') }}),

customers as (
    select
        scores.*,
        population.is_performing,
        features.days_past_due,
        features.income_monthly_180d as income_monthly,
        cast(coalesce(features.fixed_costs_90d, 0) as double) / 3
        + cast(coalesce(features.instalments_monthly, 0) as double) as obligations_monthly,
        cast(coalesce(features.instalments_monthly, 0) as double) as instalments_monthly
    from scores
    inner join features on scores.customer_id = features.customer_id and scores.snapshot_date = features.snapshot_date
    inner join population
        on scores.customer_id = population.customer_id and scores.snapshot_date = population.snapshot_date
),

-- Affordability: what is left of income after obligations and after what living takes.
afforded as (
    select
        *,
        income_monthly * {{ 1 - living_share }} - obligations_monthly as free_income_monthly,
        instalments_monthly / nullif(income_monthly, 0) as debt_service_ratio
    from customers
),

-- The version of the policy that holds at the snapshot.
policy as (
    select *
    from (
        select
            rules.*,
            dense_rank() over (order by rules.valid_from desc, rules.policy_version desc) as age
        from {{ ref('credit_policy') }} as rules
        inner join {{ ref('ml_run') }} as run on rules.valid_from <= run.snapshot_date
    ) as versions
    where age = 1
),

asked as (
    select
        afforded.customer_id,
        policy.place + case policy.verdict when 'decline' then 0 else 1000 end as precedence,
        case policy.rule
            when 'in_default' then not afforded.is_performing
            when 'days_past_due' then afforded.days_past_due >= policy.threshold
            when 'over_indebted' then afforded.debt_service_ratio >= policy.threshold
            when 'not_affordable' then afforded.free_income_monthly < policy.threshold
            when 'risk_too_high' then afforded.pd >= policy.threshold
            when 'income_unknown' then coalesce(afforded.income_monthly, 0) = 0
            when 'risk_unclear' then afforded.pd >= policy.threshold
            when 'stretched' then afforded.debt_service_ratio >= policy.threshold
        end as applies
    from afforded
    cross join policy
),

found as (
    select
        customer_id,
        min(precedence) as precedence,
        count(*) as n_rules
    from asked
    where applies
    group by customer_id
),

-- Under what an automatic decline was agreed, recorded and not withdrawn at the snapshot.
bases as (
    select
        consents.customer_id,
        min(consents.legal_basis) as lawful_basis
    from {{ ref('int_core__consent_validity') }} as consents
    inner join {{ ref('ml_run') }} as run
        on
            {{ known_at('cast(run.snapshot_date as timestamp)', 'valid_from', 'consents') }}
            and (consents.valid_to is null or consents.valid_to >= cast(run.snapshot_date as timestamp))
    where
        consents.purpose = '{{ var("credit_automatic_decision_purpose") }}'
        -- The bases of GDPR article 22(2); a legitimate interest is none of them.
        and consents.legal_basis in ('consent', 'contract', 'law')
    group by consents.customer_id
),

versions as (select distinct policy_version from policy),

decided as (
    select
        afforded.*,
        versions.policy_version,
        -- Where no version of the policy holds, nothing is approved and nobody is left out.
        case
            when versions.policy_version is null then 'refer'
            else coalesce(policy.verdict, 'approve')
        end as policy_verdict,
        case when versions.policy_version is null then 'no_policy' else policy.rule end as rule,  -- noqa: RF04
        case
            when versions.policy_version is null then 'No version of the policy holds on this day'
            else policy.reason
        end as reason,
        coalesce(found.n_rules, 0) as n_rules,
        bases.lawful_basis
    from afforded
    left join versions on true
    left join found on afforded.customer_id = found.customer_id
    left join policy
        on found.precedence = policy.place + case policy.verdict when 'decline' then 0 else 1000 end
    left join bases on afforded.customer_id = bases.customer_id
)

select
    decided.customer_id,
    decided.snapshot_date,
    -- Nobody is declined by a machine alone, unless a basis in law for it is on record.
    case
        when decided.policy_verdict = 'decline' and decided.lawful_basis is null then 'refer'
        else decided.policy_verdict
    end as recommendation,
    decided.policy_verdict,
    decided.rule,
    decided.reason,
    cast(decided.n_rules as integer) as n_rules,
    decided.score,
    decided.pd,
    decided.pd_lower,
    decided.pd_upper,
    decided.band,
    decided.income_monthly,
    decided.obligations_monthly,
    decided.free_income_monthly,
    decided.debt_service_ratio,
    -- Another instalment must fit into the free income and under the cap on all of them.
    greatest(0, least(
        decided.free_income_monthly,
        decided.income_monthly * {{ debt_service_cap }} - decided.instalments_monthly
    )) as affordable_instalment,
    decided.lawful_basis is not null as has_lawful_basis,
    decided.lawful_basis,
    decided.policy_version,
    decided.model_version,
    decided.feature_version,
    decided.run_id,
    decided.scored_at
from decided
