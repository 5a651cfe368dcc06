with champions as (select * from {{ ref('ml_credit__champion') }})

select
    {{ json_rows('fits.backtest_json', [
        {'name': 'customer_id', 'type': 'varchar'},
        {'name': 'snapshot_date', 'type': 'date'},
        {'name': 'pd', 'type': 'double'},
        {'name': 'is_default', 'type': 'boolean'},
    ]) }}
from {{ ref('ml_credit__fit') }} as fits
inner join champions
    on
        fits.model_name = champions.model_name
        and fits.model_version = champions.model_version
        and fits.fit_number = champions.fit_number
where fits.backtest_json is not null
