{{ config(materialized='incremental', unique_key='snapshot_date') }}

{{ lifetime(
    ref('stg_marketing__campaign_touches'),
    clock='touched_at',
    measures=[
        {'name': 'n_touches', 'aggregate': 'sum', 'of': '1', 'type': 'bigint'},
        {'name': 'last_sent_at', 'aggregate': 'max', 'of': "case when touch_type = 'sent' then touched_at end", 'type': 'timestamp'},
        {'name': 'last_clicked_at', 'aggregate': 'max', 'of': "case when touch_type = 'clicked' then touched_at end", 'type': 'timestamp'},
        {'name': 'unsubscribed_at', 'aggregate': 'max', 'of': "case when touch_type = 'unsubscribed' then touched_at end", 'type': 'timestamp'},
    ],
) }}
