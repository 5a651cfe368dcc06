{{ config(materialized='incremental', unique_key='snapshot_date') }}

with snapshots as (
    select * from {{ ref('int_core__snapshots') }}
    where {{ in_snapshots_to_build() }}
),

customers as (
    select
        *,
        {{ hash_unit('customer_id') }} as draw
    from {{ ref('stg_core__customers') }}
),

existing as (
    select
        customers.customer_id,
        snapshots.snapshot_date,
        snapshots.snapshot_at,
        snapshots.lake_batch,
        snapshots.is_full,
        min(customers.draw) as draw
    from customers
    -- Whichever version says so: a correction takes over only where it says so itself.
    inner join snapshots
        on
            customers.registered_at < snapshots.snapshot_at
            and customers.known_from < snapshots.snapshot_at + {{ load_grace() }}
    group by all
),

-- A share of each snapshot's customers, drawn by hash: bounded in number, the same at every run.
sampled as (
    select
        *,
        draw * count(*) over (partition by snapshot_date)
        < {{ checked_var('training_customers', 1000, 1000000) }} as is_sampled
    from existing
)

select
    customer_id,
    snapshot_date,
    snapshot_at,
    is_sampled,
    is_sampled and {{ is_training_day('snapshot_date') }} as is_training,
    lake_batch
from sampled
where is_full or is_sampled
