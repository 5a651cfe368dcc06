{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('int_commerce__order_lines'),
    clock='ordered_at',
    by=['category'],
    looked_up=['fx_rates', 'products'],
    measures=[
        {'name': 'n_lines', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'n_priced_lines', 'aggregate': 'sum', 'of': 'case when amount is null then 0 else 1 end', 'type': 'bigint'},
        {'name': 'spend', 'aggregate': 'sum', 'of': 'amount', 'type': 'decimal(28, 4)', 'counted_by': 'n_priced_lines'},
    ],
) }}
