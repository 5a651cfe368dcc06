{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('int_commerce__returns'),
    clock='returned_at',
    looked_up=['fx_rates'],
    measures=[
        {'name': 'n_returns', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'n_refunds', 'aggregate': 'sum', 'of': 'case when refund_amount is null then 0 else 1 end', 'type': 'bigint'},
        {'name': 'refund', 'aggregate': 'sum', 'of': 'refund_amount', 'type': 'decimal(28, 4)', 'counted_by': 'n_refunds'},
    ],
) }}
