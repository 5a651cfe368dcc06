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

models as (
    select count(distinct model_name) as n_models
    from {{ ref('model_registry') }}
    where is_champion
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
    models.n_models
from sources
cross join checks
cross join models
