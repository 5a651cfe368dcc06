{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('int_commerce__orders'),
    clock='ordered_at',
    looked_up=['fx_rates'],
    measures=[
        {'name': 'n_orders', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'n_priced_orders', 'aggregate': 'sum', 'of': 'case when amount is null then 0 else 1 end', 'type': 'bigint'},
        {'name': 'spend', 'aggregate': 'sum', 'of': 'amount', 'type': 'decimal(28, 4)', 'counted_by': 'n_priced_orders'},
        {'name': 'n_discounts', 'aggregate': 'sum', 'of': 'case when discount_amount is null then 0 else 1 end', 'type': 'bigint'},
        {'name': 'discount', 'aggregate': 'sum', 'of': 'discount_amount', 'type': 'decimal(28, 4)', 'counted_by': 'n_discounts'},
        {'name': 'first_ordered_at', 'aggregate': 'min', 'of': 'ordered_at', 'type': 'timestamp'},
        {'name': 'last_ordered_at', 'aggregate': 'max', 'of': 'ordered_at', 'type': 'timestamp', 'settled': true},
    ],
) }}
