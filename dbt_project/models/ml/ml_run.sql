select
    '{{ run_setting("run_id") or invocation_id }}' as run_id,
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp) as scored_at,
    cast('{{ newest_full_snapshot() }}' as date) as snapshot_date,
    (
        select coverage.has_subscriptions
        from {{ ref('int_core__coverage') }} as coverage
        where coverage.snapshot_date = cast('{{ newest_full_snapshot() }}' as date)
    ) as has_subscriptions,
    '{{ feature_version() }}' as feature_version,
    cast({{ var('seed') }} as bigint) as seed,
    '{{ run_setting("refit_models") }}' as refit_models,
    '{{ run_setting("drifted_models") }}' as drifted_models,
    cast({{ var('model_max_age_days') }} as integer) as model_max_age_days,
    cast({{ var('model_max_ece') }} as double) as model_max_ece,
    cast({{ checked_var('churn_horizon_days', 30, 180) }} as integer) as churn_horizon_days,
    '{{ var('segment_algorithm') }}' as segment_algorithm,
    cast({{ checked_var('gross_margin_share', 0.01, 1) }} as double) as gross_margin_share,
    cast({{ checked_var('annual_discount_rate', 0, 0.5) }} as double) as annual_discount_rate,
    cast({{ checked_var('credit_default_horizon_days', 90, 730) }} as integer) as credit_default_horizon_days,
    cast({{ checked_var('credit_default_days_past_due', 30, 180) }} as integer) as credit_default_days_past_due,
    cast({{ checked_var('credit_probation_days', 0, 365) }} as integer) as credit_probation_days,
    cast({{ checked_var('credit_application_days', 0, 90) }} as integer) as credit_application_days,
    cast({{ checked_var('credit_target_score', 300, 1000) }} as integer) as credit_target_score,
    cast({{ checked_var('credit_target_odds', 1, 1000) }} as double) as credit_target_odds,
    cast({{ checked_var('credit_pdo', 5, 100) }} as integer) as credit_pdo
