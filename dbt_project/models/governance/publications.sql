with written as (select * from {{ source('records', 'publications') }})

select
    version,
    action,
    published_at,
    snapshot_date,
    run_id,
    lake_batch,
    feature_version,
    code_version,
    models_json,
    tables_json,
    n_tables,
    n_rows,
    bytes,
    n_warnings
from written
