with written as (select * from {{ source('records', 'drift_results') }})

select
    run_id,
    evaluated_at,
    snapshot_date,
    reference,
    reference_date,
    subject,
    subject_kind,
    model_name,
    model_version,
    column_name,
    column_type,
    measure,
    basis,
    n_reference,
    n_current,
    value,
    threshold,
    severity,
    status,
    message
from written
