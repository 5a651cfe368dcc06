with ledger as (select * from {{ source('lake', 'landings') }})

select
    batch,
    entity,
    mode,
    source_files,
    rows_read,
    rows_landed,
    rows_corrected,
    rows_known,
    rows_refused,
    min_clock_at,
    max_clock_at,
    min_loaded_at,
    max_loaded_at,
    landed_at
from ledger
where batch <= {{ lake_batch() }}
