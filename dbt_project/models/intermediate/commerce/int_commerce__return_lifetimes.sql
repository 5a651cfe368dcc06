{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('int_commerce__returns'),
    clock='returned_at',
    looked_up=['fx_rates'],
    measures=[
        {'name': 'n_returns', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'refund', 'aggregate': 'sum', 'of': 'refund_amount', 'type': 'decimal(28, 4)'},
    ],
) }}
