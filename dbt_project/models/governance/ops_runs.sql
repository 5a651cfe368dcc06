with written as (select * from {{ source('records', 'ops_runs') }})

select
    run_id,
    job,
    asset_name,
    asset_kind,
    status,
    started_at,
    finished_at,
    seconds,
    n_rows,
    peak_memory_bytes,
    message
from written
