{%- set high_from = checked_var('churn_risk_high_from', 0, 1) -%}
{%- set medium_from = checked_var('churn_risk_medium_from', 0, 1) -%}
{%- if high_from | float <= medium_from | float -%}
    {{ exceptions.raise_compiler_error(
        "the var churn_risk_high_from is " ~ high_from ~ " and churn_risk_medium_from " ~ medium_from
        ~ ": choose a high one above the medium one (vars.yml of the warehouse)"
    ) }}
{%- endif -%}
with scores as (
    select scores.*
    from {{ ref('ml_churn__scores') }} as scores
    inner join {{ ref('ml_run') }} as run on scores.snapshot_date = run.snapshot_date
),

levels as (
    select
        *,
        case
            when churn_probability >= {{ high_from }} then 'high'
            when churn_probability >= {{ medium_from }} then 'medium'
            else 'low'
        end as risk_level
    from scores
),

actions as (select * from {{ ref('churn_actions') }}),

survival as (select * from {{ ref('ml_survival__scores') }})

select
    levels.customer_id,
    levels.snapshot_date,
    levels.churn_type,
    levels.churn_probability,
    levels.churn_probability_lower,
    levels.churn_probability_upper,
    levels.risk_level,
    actions.recommended_action,
    {% for days in [30, 60, 90, 180] -%}
    survival.survival_{{ days }}d,
    survival.survival_{{ days }}d_lower,
    survival.survival_{{ days }}d_upper,
    {% endfor -%}
    survival.expected_days_to_event,
    {% for rank in [1, 2, 3] -%}
    levels.reason_{{ rank }},
    levels.reason_{{ rank }}_value,
    levels.reason_{{ rank }}_effect,
    case
        when levels.reason_{{ rank }}_effect > 0 then 'raises risk'
        when levels.reason_{{ rank }}_effect < 0 then 'lowers risk'
    end as reason_{{ rank }}_direction,
    {% endfor -%}
    levels.model_name,
    levels.algorithm,
    levels.model_version,
    levels.feature_version,
    levels.run_id,
    levels.scored_at
from levels
inner join actions on levels.risk_level = actions.risk_level
left join survival
    on
        levels.customer_id = survival.customer_id
        and levels.snapshot_date = survival.snapshot_date
        and levels.churn_type = survival.churn_type
