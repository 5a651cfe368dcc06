with spine as ({{ spine() }}),

sessions as (
    select * from {{ ref('feat_sessions') }}
    where {{ in_snapshots_to_build() }}
),

orders as (
    select * from {{ ref('feat_orders') }}
    where {{ in_snapshots_to_build() }}
),

marketing as (
    select * from {{ ref('feat_marketing') }}
    where {{ in_snapshots_to_build() }}
),

weights as (
    select
        {% for component in ['sessions', 'page_views', 'orders', 'clicks'] -%}
        max(case when component = '{{ component }}' then cast(weight as double) end) as {{ component }}_weight,
        max(case when component = '{{ component }}' then cast(full_score_at as double) end) as {{ component }}_full,
        {% endfor -%}
        count(*) as n_components
    from {{ ref('engagement_weights') }}
),

observed as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        sessions.n_sessions_30d as sessions,
        sessions.n_page_views_30d as page_views,
        orders.n_orders_90d as orders,
        marketing.n_clicked_90d as clicks
    from spine
    left join sessions on spine.customer_id = sessions.customer_id and spine.snapshot_date = sessions.snapshot_date
    left join orders on spine.customer_id = orders.customer_id and spine.snapshot_date = orders.snapshot_date
    left join marketing on spine.customer_id = marketing.customer_id and spine.snapshot_date = marketing.snapshot_date
)

select
    observed.customer_id,
    observed.snapshot_date,
    observed.lake_batch,
    -- A source that was never loaded takes no part, neither above nor below the line; least() alone would skip the
    -- null and count it as full.
    100 * (
        {% for component in ['sessions', 'page_views', 'orders', 'clicks'] -%}
        case
            when observed.{{ component }} is null then 0
            else weights.{{ component }}_weight * least(observed.{{ component }} / weights.{{ component }}_full, 1)
        end
        {{ '+' if not loop.last }}
        {% endfor %}
    ) / nullif(
        {% for component in ['sessions', 'page_views', 'orders', 'clicks'] -%}
        case when observed.{{ component }} is null then 0 else weights.{{ component }}_weight end
        {{ '+' if not loop.last }}
        {% endfor %}, 0
    ) as engagement_score
from observed
cross join weights
