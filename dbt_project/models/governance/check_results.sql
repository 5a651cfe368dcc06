with written as (select * from {{ source('records', 'check_results') }})

select
    run_id,
    check_name,
    asset_name,
    check_type,
    severity,
    status,
    value,
    threshold,
    message,
    evaluated_at,
    snapshot_date
from written
