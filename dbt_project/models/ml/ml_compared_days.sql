{#- A table: what it reads of the records is as it was when the run began. -#}
{{ config(materialized='table') }}
-- Days with scores on record, which outlive a change of the features; the snapshots themselves are then built anew.
with snapshots as (select distinct snapshot_date from {{ ref('ml_clv__scores') }}),

publications as (select * from {{ ref('int_core__publications') }}),

newest as (select snapshot_date from {{ ref('ml_run') }}),

earlier as (
    select
        snapshots.snapshot_date as earlier_date,
        newest.snapshot_date
    from snapshots
    inner join newest on snapshots.snapshot_date < newest.snapshot_date
),

-- When readers last began to see each earlier day. Another publication of the newest day itself is none before it.
seen as (
    select
        earlier.earlier_date,
        row_number() over (order by max(publications.published_at) desc, earlier.earlier_date desc) as place
    from earlier
    inner join publications on earlier.earlier_date = publications.snapshot_date
    group by earlier.earlier_date
),

compared as (
    -- A first publication has none before it: then the newest earlier day that was built.
    select
        'previous' as compared_with,
        earlier.snapshot_date,
        coalesce(max(case when seen.place = 1 then earlier.earlier_date end), max(earlier.earlier_date)) as earlier_date
    from earlier
    left join seen on earlier.earlier_date = seen.earlier_date
    group by earlier.snapshot_date
    union all
    select
        'month' as compared_with,
        snapshot_date,
        max(earlier_date) as earlier_date
    from earlier
    where earlier_date <= {{ add_days('snapshot_date', -28) }}
    group by snapshot_date
)

select
    compared.compared_with,
    compared.snapshot_date,
    compared.earlier_date,
    seen.place is not null as is_earlier_published
from compared
left join seen on compared.earlier_date = seen.earlier_date
