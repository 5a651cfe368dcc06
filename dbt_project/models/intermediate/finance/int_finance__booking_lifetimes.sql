{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('stg_finance__bank_transactions'),
    clock='booked_at',
    measures=[
        {'name': 'n_bookings', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'first_booked_at', 'aggregate': 'min', 'of': 'booked_at', 'type': 'timestamp'},
    ],
) }}
