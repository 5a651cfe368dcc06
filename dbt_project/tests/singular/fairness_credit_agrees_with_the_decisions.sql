{{ config(meta={'dagster': {'ref': {'name': 'fairness_credit'}}}) }}
-- Fails if a group is missing, or its approval rate or adverse-impact ratio is not what counting the decisions again
-- gives: customer by customer, and against the highest rate.
{%- set least = var('fairness_least_customers') %}
with decisions as (
    select
        customer_id,
        snapshot_date,
        case when recommendation = 'approve' then 1.0 else 0.0 end as is_approved
    from {{ ref('credit_decisions') }}
),

people as (
    select
        decisions.is_approved,
        coalesce(profiles.gender, 'unknown') as gender,
        coalesce(profiles.region, 'unknown') as region,
        case
            when profiles.age_years is null then 'unknown'
            when profiles.age_years >= 65 then '65 or more'
            when profiles.age_years >= 50 then '50 to 64'
            when profiles.age_years >= 35 then '35 to 49'
            when profiles.age_years >= 25 then '25 to 34'
            else 'below 25'
        end as age_band
    from decisions
    inner join {{ ref('feat_profile') }} as profiles
        on decisions.customer_id = profiles.customer_id and decisions.snapshot_date = profiles.snapshot_date
),

counted as (
    {% for attribute in ['age_band', 'gender', 'region'] -%}
    select
        '{{ attribute }}' as protected_attribute,
        {{ attribute }} as group_value,
        count(*) as n_customers,
        case when count(*) >= {{ least }} then avg(is_approved) end as approval_rate
    from people
    group by {{ attribute }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

highest as (
    select
        protected_attribute,
        max(approval_rate) as approval_rate
    from counted
    where group_value <> 'unknown'
    group by protected_attribute
),

again as (
    select
        counted.*,
        case when highest.approval_rate > 0 then counted.approval_rate / highest.approval_rate end as impact
    from counted
    left join highest on counted.protected_attribute = highest.protected_attribute
)

select
    again.*,
    fairness.approval_rate as measured_rate,
    fairness.adverse_impact_ratio as measured_ratio
from again
full outer join {{ ref('fairness_credit') }} as fairness
    on again.protected_attribute = fairness.protected_attribute and again.group_value = fairness.group_value
where
    again.n_customers is null
    or fairness.n_customers is null
    or again.n_customers <> fairness.n_customers
    or coalesce(abs(again.approval_rate - fairness.approval_rate) > 1e-9, false)
    or coalesce(abs(again.impact - fairness.adverse_impact_ratio) > 1e-9, false)
    or (again.approval_rate is null) <> (fairness.approval_rate is null)
    or (again.impact is null) <> (fairness.adverse_impact_ratio is null)
