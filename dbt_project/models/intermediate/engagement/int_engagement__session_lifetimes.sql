{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('int_engagement__sessions'),
    clock='started_at',
    measures=[
        {'name': 'n_sessions', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'last_started_at', 'aggregate': 'max', 'of': 'started_at', 'type': 'timestamp'},
    ],
) }}
