with spine as ({{ spine(covered_by=['sessions']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

lifetimes as (
    select * from {{ ref('int_engagement__session_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

sessions as ({{ known_rows(ref('int_engagement__sessions'), clock='started_at', days=windows()[-1]) }}),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_sessions', clock='started_at') }},
        {{ windowed('sum(duration_s)', 'session_duration_s', clock='started_at') }},
        {{ windowed('sum(page_views)', 'n_page_views', clock='started_at') }},
        {{ windowed('sum(product_views)', 'n_product_views', clock='started_at') }},
        {{ windowed('sum(cart_adds)', 'n_cart_adds', clock='started_at') }},
        {{ windowed(
            'sum(case when is_converted then 1 when not is_converted then 0 end)', 'n_conversions', clock='started_at'
        ) }},
        count(*) filter (where device in ('mobile', 'app')) as n_mobile_sessions_90d
    from sessions
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_sessions,
        {% for column in over_windows([
            'n_sessions', 'session_duration_s', 'n_page_views', 'n_product_views', 'n_cart_adds', 'n_conversions'
        ]) -%}
        recent.{{ column }},
        {% endfor -%}
        recent.n_mobile_sessions_90d,
        lifetimes.n_sessions as n_sessions_lifetime,
        {{ days_between('lifetimes.last_started_at', 'spine.snapshot_at') }} as session_recency_days
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join lifetimes on spine.customer_id = lifetimes.customer_id and spine.snapshot_date = lifetimes.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(over_windows(['n_sessions']) + ['n_sessions_lifetime'], 'has_sessions') }},
    {{ zero_if_covered(
        over_windows(['session_duration_s', 'n_page_views', 'n_product_views', 'n_cart_adds', 'n_conversions']),
        'has_sessions',
        counted_by='n_sessions'
    ) }},
    session_recency_days,
    {{ ratio('session_duration_s_90d', 'n_sessions_90d') }} as session_duration_mean_90d_s,
    {{ ratio('n_conversions_90d', 'n_sessions_90d') }} as conversion_90d_share,
    {{ ratio('n_mobile_sessions_90d', 'n_sessions_90d') }} as mobile_sessions_90d_share
from joined
