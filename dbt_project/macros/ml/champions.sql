{#- The versions that score: of each model the one promoted last, or the one that the seed model_pins names. A promoted
    version that was fitted for a later day than the run's newest snapshot knows what may not be known, and is passed over.
    A backfill is scored by the champion of its newest snapshot. -#}
{% macro champions(fits) %}
with versions as (
    select
        fits.*,
        pins.model_version is not null as is_pinned,
        fits.is_promoted and fits.fitted_for <= run.snapshot_date as is_promoted_for_today
    from {{ fits }} as fits
    cross join {{ ref('ml_run') }} as run
    left join {{ ref('model_pins') }} as pins
        on fits.model_name = pins.model_name and fits.model_version = pins.model_version
),

ranked as (
    select
        *,
        row_number() over (
            partition by model_name
            order by is_pinned desc, fit_number desc
        ) as place
    from versions
    where (is_pinned or is_promoted_for_today) and artifact is not null
)

select
    model_name,
    model_version,
    algorithm,
    recipe,
    fit_number,
    is_pinned,
    fitted_for,
    calibrated_on,
    horizon_days,
    feature_version,
    artifact,
    artifact_sha256
from ranked
where place = 1
{% endmacro %}
