{#- The versions that score: of each model the one promoted last, or the one that the seed model_pins names. -#}
{% macro champions(fits) %}
with versions as (
    select
        fits.*,
        pins.model_version is not null as is_pinned
    from {{ fits }} as fits
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
    where (is_pinned or is_promoted) and artifact is not null
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
