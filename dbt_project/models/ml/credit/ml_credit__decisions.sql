{#- All that was ever recommended stays on record: a day that is built again adds its own, as people may have decided on
    what stood there before. -#}
{{ config(
    materialized='incremental',
    unique_key='snapshot_date',
    incremental_strategy='append',
    full_refresh=false
) }}
{%- set living_share = checked_var('credit_living_share', 0, 0.9) -%}
{%- set debt_service_cap = checked_var('credit_debt_service_cap', 0.05, 0.9) -%}
{%- set in_whole = days_between('bookings.booked_at', 'aged.snapshot_date') ~ ' <= 30 * aged.months' %}
with scores as (
    select * from {{ ref('ml_credit__scores') }}
    where {{ is_asked_for('snapshot_date') }}
),

features as (select * from {{ ref('ml_credit__inputs') }}),

population as (select * from {{ ref('ml_credit__population') }}),

-- The periods of 30 days that costs are counted in, the same that income is: all three, or those that the account has
-- been there for as a whole. Two rents within 38 days are no costs of 38 days beside a salary of 30.
aged as (
    select
        *,
        greatest(1, least(3, floor(coalesce(account_age_days, 90) / 30))) as months
    from features
),

bookings as (select * from {{ ref('int_finance__bookings') }}),

-- Of accounts that are younger than three periods, what was booked in the whole ones.
booked as (
    select
        aged.customer_id,
        aged.snapshot_date,
        cast(-sum(bookings.amount) filter (where bookings.is_fixed_cost and {{ in_whole }}) as double) as fixed_costs,
        cast(
            -sum(bookings.amount) filter (where bookings.is_loan_payment and {{ in_whole }}) as double
        ) as loan_payments,
        cast(-sum(bookings.amount) filter (where bookings.is_loan_payment) as double) as loan_payments_90d
    from aged
    inner join bookings
        on
            aged.customer_id = bookings.customer_id
            and {{ known_at('cast(aged.snapshot_date as timestamp)', 'booked_at', 'bookings') }}
            and bookings.booked_at >= {{ add_days('cast(aged.snapshot_date as timestamp)', -90) }}
    where aged.account_age_days < 90
    group by aged.customer_id, aged.snapshot_date
),

known as (
    select
        aged.customer_id,
        aged.snapshot_date,
        aged.days_past_due,
        aged.income_monthly_180d,
        aged.instalments_monthly,
        aged.months,
        -- All that went out, where three whole periods of it are known.
        case
            when coalesce(aged.account_age_days, 90) >= 90 then cast(aged.outflow_90d as double) / 3
        end as outflow_monthly,
        case
            when booked.customer_id is null then cast(coalesce(aged.fixed_costs_90d, 0) as double)
            else coalesce(booked.fixed_costs, 0)
        end as fixed_costs,
        -- Which payments go to lenders elsewhere is told of all together: of those in whole periods the same share.
        cast(coalesce(aged.other_loan_payments_90d, 0) as double) * case
            when coalesce(booked.loan_payments_90d, 0) = 0 then 1
            else coalesce(booked.loan_payments, 0) / booked.loan_payments_90d
        end as other_loan_payments
    from aged
    left join booked on aged.customer_id = booked.customer_id and aged.snapshot_date = booked.snapshot_date
),

owed as (
    select
        customer_id,
        snapshot_date,
        days_past_due,
        income_monthly_180d as income_monthly,
        outflow_monthly,
        fixed_costs / months as fixed_costs_monthly,
        -- What is agreed on loans that are known here, and what is paid back to others.
        cast(coalesce(instalments_monthly, 0) as double)
        + other_loan_payments / months as instalments_monthly
    from known
),

customers as (
    select
        scores.*,
        population.is_performing,
        owed.days_past_due,
        owed.income_monthly,
        owed.outflow_monthly,
        owed.fixed_costs_monthly + owed.instalments_monthly as obligations_monthly,
        owed.instalments_monthly
    from scores
    inner join owed
        on scores.customer_id = owed.customer_id and scores.snapshot_date = owed.snapshot_date
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

days as (select distinct snapshot_date from scores),

-- The version of the policy that holds at each snapshot.
policy as (
    select *
    from (
        select
            rules.*,
            days.snapshot_date,
            dense_rank() over (
                partition by days.snapshot_date
                order by rules.valid_from desc, rules.policy_version desc
            ) as age
        from {{ ref('credit_policy') }} as rules
        inner join days on rules.valid_from <= days.snapshot_date
    ) as versions
    where age = 1
),

asked as (
    select
        afforded.customer_id,
        afforded.snapshot_date,
        policy.rule,
        policy.reason,
        policy.place + case policy.verdict when 'decline' then 0 else 1000 end as precedence,
        case policy.rule
            when 'in_default' then not afforded.is_performing
            when 'days_past_due' then afforded.days_past_due >= policy.threshold
            when 'over_indebted' then afforded.debt_service_ratio >= policy.threshold
            when 'not_affordable' then afforded.free_income_monthly < policy.threshold
            when 'risk_too_high' then afforded.pd >= policy.threshold
            when 'income_unknown' then coalesce(afforded.income_monthly, 0) = 0
            when 'risk_unclear' then afforded.pd >= policy.threshold
            -- By the income of half a year: a window of 90 days holds two or three paydays by chance.
            when 'spends_beyond_income'
                then
                    afforded.income_monthly > 0
                    and afforded.outflow_monthly >= afforded.income_monthly * policy.threshold
            when 'stretched' then afforded.debt_service_ratio >= policy.threshold
        end as applies
    from afforded
    inner join policy on afforded.snapshot_date = policy.snapshot_date
),

found as (
    select
        customer_id,
        snapshot_date,
        min(precedence) as precedence,
        count(*) as n_rules,
        -- Those that give the verdict: a referral says nothing more beside a decline.
        coalesce(
            nullif({{ joined("case when precedence < 1000 then rule end", 'precedence', ', ') }}, ''),
            {{ joined('rule', 'precedence', ', ') }}
        ) as rules,
        coalesce(
            nullif({{ joined("case when precedence < 1000 then reason end", 'precedence', '; ') }}, ''),
            {{ joined('reason', 'precedence', '; ') }}
        ) as reasons
    from asked
    where applies
    group by customer_id, snapshot_date
),

-- Under what an automatic decline was agreed, recorded and not withdrawn at the snapshot.
bases as (
    select
        consents.customer_id,
        days.snapshot_date,
        min(consents.legal_basis) as lawful_basis
    from {{ ref('int_core__consent_validity') }} as consents
    inner join days
        on
            {{ known_at('cast(days.snapshot_date as timestamp)', 'valid_from', 'consents') }}
            and (consents.valid_to is null or consents.valid_to >= cast(days.snapshot_date as timestamp))
    where
        consents.purpose = '{{ var("credit_automatic_decision_purpose") }}'
        -- The bases of GDPR article 22(2); a legitimate interest is none of them.
        and consents.legal_basis in ('consent', 'contract', 'law')
    group by consents.customer_id, days.snapshot_date
),

versions as (
    select distinct
        snapshot_date,
        policy_version
    from policy
),

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
        case when versions.policy_version is null then 'no_policy' else found.rules end as rules,
        case
            when versions.policy_version is null then 'No version of the policy holds on this day'
            else found.reasons
        end as reasons,
        bases.lawful_basis
    from afforded
    left join versions on afforded.snapshot_date = versions.snapshot_date
    left join found on afforded.customer_id = found.customer_id and afforded.snapshot_date = found.snapshot_date
    left join policy
        on
            afforded.snapshot_date = policy.snapshot_date
            and found.precedence = policy.place + case policy.verdict when 'decline' then 0 else 1000 end
    left join bases on afforded.customer_id = bases.customer_id and afforded.snapshot_date = bases.snapshot_date
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
    decided.rules,
    decided.reasons,
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
    decided.scored_at,
    -- The start of the run that recommended: the scores may be an earlier one's.
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp) as recommended_at
from decided
