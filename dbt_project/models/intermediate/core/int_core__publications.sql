with publications as (select * from {{ source('records', 'publications') }})

select
    snapshot_date,
    published_at
from publications
