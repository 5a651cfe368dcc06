with fits as (
    select * from {{ ref('ml_credit__fit') }}
    where scorecard_json is not null
),

champions as (select * from {{ ref('ml_credit__champion') }}),

versions as (
    select
        fits.model_name,
        fits.model_version,
        fits.algorithm,
        champions.model_version is not null as is_champion,
        fits.fitted_for,
        fits.scorecard_json
    from fits
    left join champions on fits.model_name = champions.model_name and fits.model_version = champions.model_version
),

bins as (
    select
        model_name,
        model_version,
        algorithm,
        is_champion,
        fitted_for,
        {{ json_rows('scorecard_json', [
            {'name': 'characteristic', 'type': 'varchar'},
            {'name': 'bin', 'type': 'integer'},
            {'name': 'label', 'type': 'varchar'},
            {'name': 'lower', 'type': 'double'},
            {'name': 'upper', 'type': 'double'},
            {'name': 'n', 'type': 'bigint'},
            {'name': 'n_default', 'type': 'bigint'},
            {'name': 'smoothing_rows', 'type': 'double'},
            {'name': 'woe', 'type': 'double'},
            {'name': 'iv', 'type': 'double'},
            {'name': 'coefficient', 'type': 'double'},
            {'name': 'points', 'type': 'integer'},
            {'name': 'reference_points', 'type': 'integer'},
            {'name': 'base_points', 'type': 'integer'},
            {'name': 'factor', 'type': 'double'},
            {'name': 'pd_offset', 'type': 'double'},
            {'name': 'target_score', 'type': 'double'},
            {'name': 'target_odds', 'type': 'double'},
            {'name': 'pdo', 'type': 'double'},
        ]) }}
    from versions
)

select
    model_version,
    characteristic,
    bin,
    algorithm,
    is_champion,
    fitted_for,
    -- The order in which scores keep their bins.
    cast(dense_rank() over (partition by model_version order by characteristic) as integer) as place,
    -- The number by which ml_credit__scores names a reason, as the macro losing_bins gives it.
    case
        when points < reference_points
            then cast(row_number() over (
                partition by model_version, points < reference_points
                order by reference_points - points desc, characteristic asc, bin asc
            ) as integer)
    end as reason_number,
    label,
    lower as value_from,
    upper as value_to,
    n as n_rows,
    n_default as n_defaults,
    smoothing_rows,
    woe,
    case
        when n_default > 0 and n_default < n
            then ln((n - n_default) / cast(n_default as double)) - ln(
                sum(n - n_default) over (partition by model_version, characteristic)
                / nullif(cast(sum(n_default) over (partition by model_version, characteristic) as double), 0)
            )
    end as woe_raw,
    iv,
    coefficient,
    points,
    reference_points,
    base_points,
    factor,
    pd_offset,
    target_score,
    target_odds,
    pdo
from bins
