{{ config(materialized='incremental', unique_key='snapshot_date') }}

{%- set entities = [
    'orders', 'order_items', 'returns', 'sessions', 'campaign_touches', 'consents', 'bank_transactions', 'loans',
    'repayments', 'emotion_events', 'subscriptions', 'usage_events', 'support_tickets', 'invoices', 'payments', 'loyalty_accounts',
    'experiments',
] %}

with snapshots as (
    select * from {{ ref('int_core__snapshots') }}
    where {{ in_snapshots_to_build() }}
),

landings as (
    select * from {{ source('lake', 'landings') }}
    where rows_landed > 0 and batch <= {{ lake_batch() }}
)

select
    snapshots.snapshot_date,
    {% for entity in entities -%}
    coalesce(bool_or(landings.entity = '{{ entity }}'), false) as has_{{ entity }},
    {% endfor -%}
    snapshots.lake_batch
from snapshots
-- Without the grace: a row known before midnight has also happened before it, so the ledger alone can tell.
left join landings on landings.min_loaded_at < snapshots.snapshot_at
group by snapshots.snapshot_date, snapshots.lake_batch
