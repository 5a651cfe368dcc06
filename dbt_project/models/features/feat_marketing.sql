with spine as ({{ spine(covered_by=['campaign_touches']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

lifetimes as (
    select * from {{ ref('int_marketing__touch_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

touches as ({{ known_rows(ref('stg_marketing__campaign_touches'), clock='touched_at', days=windows()[-1]) }}),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_sent', clock='touched_at', where="touch_type = 'sent'") }},
        {{ windowed('count(*)', 'n_opened', clock='touched_at', where="touch_type = 'opened'") }},
        {{ windowed('count(*)', 'n_clicked', clock='touched_at', where="touch_type = 'clicked'") }}
    from touches
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_campaign_touches,
        {% for column in over_windows(['n_sent', 'n_opened', 'n_clicked']) -%}
        recent.{{ column }},
        {% endfor -%}
        {{ days_between('lifetimes.last_sent_at', 'spine.snapshot_at') }} as sent_recency_days,
        {{ days_between('lifetimes.last_clicked_at', 'spine.snapshot_at') }} as click_recency_days,
        lifetimes.unsubscribed_at is not null as is_unsubscribed
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join lifetimes on spine.customer_id = lifetimes.customer_id and spine.snapshot_date = lifetimes.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(over_windows(['n_sent', 'n_opened', 'n_clicked']), 'has_campaign_touches') }},
    sent_recency_days,
    click_recency_days,
    {{ ratio('n_opened_90d', 'n_sent_90d') }} as open_90d_share,
    {{ ratio('n_clicked_90d', 'n_sent_90d') }} as click_90d_share,
    case when has_campaign_touches then is_unsubscribed end as is_unsubscribed
from joined
