{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('stg_success__usage_events'),
    clock='used_at',
    measures=[
        {'name': 'n_usage_events', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'last_used_at', 'aggregate': 'max', 'of': 'used_at', 'type': 'timestamp'},
    ],
) }}
