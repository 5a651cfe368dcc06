with sources as (
    select
        count(*) as n_sources,
        count(case when is_loaded then 1 end) as n_sources_loaded,
        max(newest_event_at) as newest_event_at
    from {{ ref('source_status') }}
),

checks as (
    select
        max(run_id) as run_id,
        {% for status in ['pass', 'warn', 'fail', 'skipped'] -%}
        coalesce(sum(case when status = '{{ status }}' then n_checks end), 0) as n_{{ status }}
        {% if not loop.last %},{% endif %}
        {% endfor -%}
    from {{ ref('check_counts') }}
),

run as (select snapshot_date from {{ ref('ml_run') }}),

models as (
    select
        count(distinct registry.model_name) as n_models,
        count(distinct case
            when {{ days_between('registry.fitted_for', 'run.snapshot_date') }} >= {{ var('model_max_age_days') }}
                then registry.model_name
        end) as n_models_due
    from {{ ref('model_registry') }} as registry
    cross join run
    where registry.is_champion
),

drift as (select * from {{ ref('drift_by_column') }}),

-- As they were last looked at.
drifted as (
    select
        max(snapshot_date) as drift_checked_for,
        count(distinct case when is_drifted then model_name end) as n_models_drifted
    from drift
    where snapshot_date = (select max(newest.snapshot_date) from drift as newest)
)

select
    sources.n_sources,
    sources.n_sources_loaded,
    sources.newest_event_at,
    checks.run_id,
    cast(checks.n_pass as bigint) as n_checks_passed,
    cast(checks.n_warn as bigint) as n_checks_warned,
    cast(checks.n_fail as bigint) as n_checks_failed,
    cast(checks.n_skipped as bigint) as n_checks_skipped,
    models.n_models,
    run.snapshot_date,
    models.n_models_due,
    drifted.drift_checked_for,
    drifted.n_models_drifted
from sources
cross join checks
cross join models
cross join run
cross join drifted
