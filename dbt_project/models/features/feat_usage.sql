with spine as ({{ spine(covered_by=['usage_events']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

lifetimes as (
    select * from {{ ref('int_success__usage_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

subscriptions as (
    select * from {{ ref('feat_subscriptions') }}
    where {{ in_snapshots_to_build() }}
),

usage_events as ({{ known_rows(ref('stg_success__usage_events'), clock='used_at', days=windows()[-1]) }}),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_usage_events', clock='used_at') }},
        {{ windowed('count(distinct cast(used_at as date))', 'n_usage_days', clock='used_at') }},
        {{ windowed('count(distinct feature)', 'n_used_features', clock='used_at') }},
        {{ windowed('count(distinct user_id)', 'n_active_users', clock='used_at') }},
        {{ windowed('sum(duration_s)', 'usage_duration_s', clock='used_at') }}
    from usage_events
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_usage_events,
        {% for column in over_windows(['n_usage_events', 'n_usage_days', 'n_used_features', 'usage_duration_s']) -%}
        recent.{{ column }},
        {% endfor -%}
        -- A source that names no users tells nothing of their number.
        {% for column in over_windows(['n_active_users']) -%}
        nullif(recent.{{ column }}, 0) as {{ column }},
        {% endfor -%}
        lifetimes.n_usage_events as n_usage_events_lifetime,
        {{ days_between('lifetimes.last_used_at', 'spine.snapshot_at') }} as usage_recency_days,
        subscriptions.seats
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join lifetimes on spine.customer_id = lifetimes.customer_id and spine.snapshot_date = lifetimes.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
    left join subscriptions
        on spine.customer_id = subscriptions.customer_id and spine.snapshot_date = subscriptions.snapshot_date
),

counted as (
    select
        customer_id,
        snapshot_date,
        lake_batch,
        seats,
        {{ zero_if_covered(
            over_windows(['n_usage_events', 'n_usage_days', 'n_used_features']) + ['n_usage_events_lifetime'],
            'has_usage_events'
        ) }},
        {{ zero_if_covered(
            over_windows(['n_active_users', 'usage_duration_s']), 'has_usage_events', counted_by='n_usage_events'
        ) }},
        usage_recency_days
    from joined
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {% for column in over_windows([
        'n_usage_events', 'n_usage_days', 'n_used_features', 'n_active_users', 'usage_duration_s'
    ]) -%}
    {{ column }},
    {% endfor -%}
    n_usage_events_lifetime,
    usage_recency_days,
    {{ ratio('2 * n_usage_events_30d', 'n_usage_events_90d - n_usage_events_30d') }} as usage_trend,
    {{ ratio('n_usage_events_30d', 'seats') }} as usage_30d_per_seat,
    {{ ratio('n_active_users_30d', 'seats') }} as active_users_30d_per_seat
from counted
