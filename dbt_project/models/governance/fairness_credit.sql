{#- Measured, and read by no model: protected attributes meet decisions here, after all of them were taken. -#}
{%- set attributes = {
    'age_band': "case when age_years < 25 then 'below 25' when age_years < 35 then '25 to 34' when age_years < 50 then '35 to 49'"
        ~ " when age_years < 65 then '50 to 64' when age_years >= 65 then '65 or more' end",
    'gender': 'gender',
    'region': 'region',
} -%}
{#- Standard errors of a 99 % interval: a warning that is asked of some ten groups is to be wrong for few of them. -#}
{%- set sure = 2.576 -%}
{%- set least = checked_var('fairness_least_customers', 10, 10000) -%}
with decisions as (
    select decisions.*
    from {{ ref('ml_credit__current_decisions') }} as decisions
    inner join {{ ref('ml_run') }} as run on decisions.snapshot_date = run.snapshot_date
),

profiles as (select * from {{ ref('feat_profile') }}),

-- The probability of default from which the policy that holds says no.
threshold as (
    select coalesce(min(rules.threshold), 1) as pd
    from {{ ref('credit_policy') }} as rules
    where
        rules.rule = 'risk_too_high'
        and rules.policy_version in (select distinct decisions.policy_version from decisions)
),

-- How many it refuses by that today.
refused_today as (
    select
        threshold.pd,
        count(*) filter (where decisions.pd >= threshold.pd) / nullif(cast(count(*) as double), 0) as refused_share
    from threshold
    left join decisions on true
    group by threshold.pd
),

-- The model of that time had probabilities of its own, learnt from fewer: as many as are refused today, by their rank.
-- Customers alike are refused together or not at all.
backtest as (
    select
        told.*,
        rank() over (order by told.pd desc) + count(*) over (partition by told.pd) - 1
        <= refused_today.refused_share * count(*) over () + 0.5 as is_refused
    from {{ ref('ml_credit__backtest') }} as told
    cross join refused_today
),

refused_then as (
    select
        max(refused_today.refused_share) as refused_share,
        count(*) filter (where backtest.is_refused) as n_refused
    from refused_today
    left join backtest on true
),

attributed as (
    {% for attribute, expression in attributes.items() -%}
    select
        customer_id,
        snapshot_date,
        '{{ attribute }}' as protected_attribute,
        coalesce({{ expression }}, 'unknown') as group_value
    from profiles
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

decided as (
    select
        attributed.protected_attribute,
        attributed.group_value,
        max(decisions.snapshot_date) as snapshot_date,
        max(decisions.model_version) as model_version,
        max(decisions.policy_version) as policy_version,
        count(*) as n_customers,
        count(*) filter (where decisions.recommendation = 'approve') as n_approved,
        count(*) filter (where decisions.policy_verdict = 'decline') as n_declined,
        avg(decisions.score) as score_mean,
        percentile_cont(0.1) within group (order by decisions.score) as score_p10,
        percentile_cont(0.5) within group (order by decisions.score) as score_p50,
        percentile_cont(0.9) within group (order by decisions.score) as score_p90
    from decisions
    inner join attributed
        on decisions.customer_id = attributed.customer_id and decisions.snapshot_date = attributed.snapshot_date
    group by attributed.protected_attribute, attributed.group_value
),

outcomes as (
    select
        attributed.protected_attribute,
        attributed.group_value,
        max(backtest.snapshot_date) as outcomes_from,
        count(*) as n_outcomes,
        count(*) filter (where backtest.is_default) as n_defaults,
        sum(backtest.pd) as expected_defaults,
        sqrt(sum(backtest.pd * (1 - backtest.pd))) as expected_defaults_deviation,
        count(*) filter (where not backtest.is_default and backtest.is_refused) as n_good_refused,
        count(*) filter (where backtest.is_default and not backtest.is_refused) as n_bad_accepted
    from backtest
    inner join attributed
        on backtest.customer_id = attributed.customer_id and backtest.snapshot_date = attributed.snapshot_date
    group by attributed.protected_attribute, attributed.group_value
),

-- Compared with the group that is approved most often, among those large enough to say so.
best as (
    select
        *,
        row_number() over (
            partition by protected_attribute
            order by n_approved / cast(n_customers as double) desc, n_customers desc, group_value asc
        ) as place
    from decided
    where n_customers >= {{ least }} and group_value <> 'unknown' and n_approved > 0
),

-- Beside all others together: the best of many groups is partly the luckiest, and all look bad beside it.
totals as (
    select
        protected_attribute,
        sum(n_customers) as n_customers,
        sum(n_approved) as n_approved
    from decided
    group by protected_attribute
),

measured as (
    select
        decided.*,
        totals.n_customers - decided.n_customers as other_customers,
        totals.n_approved - decided.n_approved as other_approved,
        refused_then.refused_share,
        refused_then.n_refused,
        outcomes.outcomes_from,
        coalesce(outcomes.n_outcomes, 0) as n_outcomes,
        coalesce(outcomes.n_defaults, 0) as n_defaults,
        outcomes.expected_defaults,
        outcomes.expected_defaults_deviation,
        outcomes.n_good_refused,
        outcomes.n_bad_accepted,
        best.group_value as compared_with,
        best.n_approved as best_approved,
        best.n_customers as best_customers,
        decided.n_customers >= {{ least }} as is_large_enough,
        -- Each rate needs as many of those that it is a share of.
        coalesce(outcomes.n_outcomes, 0) >= {{ least }} as has_enough_outcomes,
        refused_then.n_refused > 0
        and coalesce(outcomes.n_outcomes - outcomes.n_defaults, 0) >= {{ least }} as has_enough_good,
        refused_then.n_refused > 0 and coalesce(outcomes.n_defaults, 0) >= {{ least }} as has_enough_bad
    from decided
    cross join refused_then
    inner join totals on decided.protected_attribute = totals.protected_attribute
    left join outcomes
        on decided.protected_attribute = outcomes.protected_attribute and decided.group_value = outcomes.group_value
    left join best on decided.protected_attribute = best.protected_attribute and best.place = 1
),

ratios as (
    select
        *,
        {{ ratio('n_approved * best_customers', 'n_customers * best_approved') }} as impact,
        -- Standard error of the logarithm of a ratio of two shares (Katz et al. 1978).
        sqrt(
            (1 - n_approved / cast(n_customers as double)) / nullif(cast(n_approved as double), 0)
            + (1 - best_approved / cast(best_customers as double)) / cast(best_approved as double)
        ) as impact_error,
        case
            when is_large_enough and other_customers >= {{ least }}
                then {{ ratio('n_approved * other_customers', 'n_customers * other_approved') }}
        end as others_impact,
        sqrt(
            (1 - n_approved / cast(n_customers as double)) / nullif(cast(n_approved as double), 0)
            + (1 - other_approved / cast(nullif(other_customers, 0) as double))
            / nullif(cast(other_approved as double), 0)
        ) as others_error
    from measured
)

select
    protected_attribute,
    group_value,
    snapshot_date,
    cast(n_customers as bigint) as n_customers,
    is_large_enough,
    compared_with,
    -- In a group of one, a count is somebody's credit decision.
    case when is_large_enough then cast(n_approved as bigint) end as n_approved,
    case when is_large_enough then cast(n_declined as bigint) end as n_declined,
    case when is_large_enough then n_approved / cast(n_customers as double) end as approval_rate,
    case when is_large_enough then {{ wilson('n_approved', 'n_customers', -1) }} end as approval_rate_lower,
    case when is_large_enough then {{ wilson('n_approved', 'n_customers', 1) }} end as approval_rate_upper,
    case when is_large_enough then impact end as adverse_impact_ratio,
    case
        when is_large_enough and group_value <> compared_with then impact * exp(-1.96 * impact_error)
    end as adverse_impact_ratio_lower,
    case
        when is_large_enough and group_value <> compared_with then impact * exp(1.96 * impact_error)
    end as adverse_impact_ratio_upper,
    others_impact as others_ratio,
    others_impact * exp(-{{ sure }} * others_error) as others_ratio_lower,
    others_impact * exp({{ sure }} * others_error) as others_ratio_upper,
    -- Nobody approved has no interval, and needs none.
    coalesce(
        others_impact < 0.8 and coalesce(others_impact * exp({{ sure }} * others_error) < 1, true), false
    ) as is_adverse,
    case when is_large_enough then score_mean end as score_mean,
    case when is_large_enough then score_p10 end as score_p10,
    case when is_large_enough then score_p50 end as score_p50,
    case when is_large_enough then score_p90 end as score_p90,
    outcomes_from,
    cast(n_outcomes as bigint) as n_outcomes,
    case when has_enough_outcomes then cast(n_defaults as bigint) end as n_defaults,
    case when has_enough_outcomes then expected_defaults / n_outcomes end as expected_default_rate,
    -- Where a rate would lie 19 times in 20 if each defaulted with that probability.
    case
        when has_enough_outcomes
            then greatest((expected_defaults - 1.96 * expected_defaults_deviation) / n_outcomes, 0)
    end as expected_default_rate_lower,
    case
        when has_enough_outcomes
            then least((expected_defaults + 1.96 * expected_defaults_deviation) / n_outcomes, 1)
    end as expected_default_rate_upper,
    case when has_enough_outcomes then n_defaults / cast(n_outcomes as double) end as default_rate,
    case when has_enough_outcomes then {{ wilson('n_defaults', 'n_outcomes', -1) }} end as default_rate_lower,
    case when has_enough_outcomes then {{ wilson('n_defaults', 'n_outcomes', 1) }} end as default_rate_upper,
    refused_share,
    case
        when n_outcomes = 0 then 'no outcomes are known'
        when coalesce(refused_share, 0) = 0 then 'the policy refuses nobody by probability today'
        when n_refused = 0 then 'so small a share of the backtest cannot be told from the others by its probabilities'
        when not has_enough_good or not has_enough_bad then 'too few outcomes of the kind'
    end as outcomes_message,
    case
        when has_enough_good then {{ ratio('n_good_refused', 'n_outcomes - n_defaults') }}
    end as good_refused_rate,
    case
        when has_enough_good then {{ wilson('n_good_refused', '(n_outcomes - n_defaults)', -1) }}
    end as good_refused_rate_lower,
    case
        when has_enough_good then {{ wilson('n_good_refused', '(n_outcomes - n_defaults)', 1) }}
    end as good_refused_rate_upper,
    case when has_enough_bad then {{ ratio('n_bad_accepted', 'n_defaults') }} end as bad_accepted_rate,
    case when has_enough_bad then {{ wilson('n_bad_accepted', 'n_defaults', -1) }} end as bad_accepted_rate_lower,
    case when has_enough_bad then {{ wilson('n_bad_accepted', 'n_defaults', 1) }} end as bad_accepted_rate_upper,
    model_version,
    policy_version
from ratios
