with fits as (
    select * from {{ ref('ml_credit__fit') }}
    where comparison_json is not null
),

champions as (select * from {{ ref('ml_credit__champion') }}),

compared as (
    select
        fits.model_version,
        fits.status,
        champions.model_version is not null as is_champion,
        fits.fit_number,
        fits.fitted_for,
        {{ json_rows('fits.comparison_json', [
            {'name': 'population', 'type': 'varchar'},
            {'name': 'period', 'type': 'date'},
            {'name': 'protocol', 'type': 'varchar'},
            {'name': 'algorithm', 'type': 'varchar'},
            {'name': 'against', 'type': 'varchar'},
            {'name': 'metric', 'type': 'varchar'},
            {'name': 'value', 'type': 'double'},
            {'name': 'lower', 'type': 'double'},
            {'name': 'upper', 'type': 'double'},
            {'name': 'n', 'type': 'bigint'},
            {'name': 'n_default', 'type': 'bigint'},
            {'name': 'message', 'type': 'varchar'},
        ]) }}
    from fits
    left join champions on fits.model_version = champions.model_version
)

select
    model_version,
    algorithm,
    status,
    is_champion,
    fit_number,
    fitted_for,
    population,
    metric,
    coalesce(against, 'none') as compared_with,
    value,
    lower as value_lower,
    upper as value_upper,
    against is not null and (lower > 0 or upper < 0) as is_different,
    period,
    protocol,
    n as n_rows,
    n_default as n_defaults,
    message
from compared
