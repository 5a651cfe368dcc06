with spine as ({{ spine() }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

lifetimes as (
    select * from {{ ref('int_commerce__order_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

orders as ({{ known_rows(ref('int_commerce__orders'), clock='ordered_at', days=windows()[-1]) }}),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('count(*)', 'n_orders', clock='ordered_at') }},
        {{ windowed('sum(amount)', 'spend', clock='ordered_at', type='decimal(28, 4)') }},
        count(amount) as n_priced_orders_90d,
        cast(sum(discount_amount) as decimal(28, 4)) as discount_90d,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        {% for channel in order_channels() -%}
        count(*) filter (where channel = '{{ channel }}') as n_{{ channel }}_orders_90d
        {% if not loop.last %},{% endif %}
        {% endfor %}
    from orders
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.snapshot_at,
        spine.lake_batch,
        coverage.has_orders,
        lifetimes.n_orders as n_orders_lifetime,
        lifetimes.n_priced_orders as n_priced_orders_lifetime,
        lifetimes.spend as spend_lifetime,
        lifetimes.discount as discount_lifetime,
        lifetimes.first_ordered_at,
        lifetimes.last_ordered_at,
        {{ days_between('lifetimes.first_ordered_at', 'lifetimes.last_ordered_at') }}
        / nullif(lifetimes.n_orders - 1, 0) as gap_mean_days,
        {{ days_between('recent.first_ordered_at', 'recent.last_ordered_at') }}
        / nullif(recent.n_orders_90d - 1, 0) as gap_mean_90d_days,
        {{ days_between('lifetimes.first_ordered_at', 'spine.snapshot_at') }} as days_since_first_order,
        {{ days_between('lifetimes.last_ordered_at', 'spine.snapshot_at') }} as recency_days,
        {% for column in over_windows(['n_orders', 'spend']) -%}
        recent.{{ column }},
        {% endfor -%}
        {% for channel in order_channels() -%}
        recent.n_{{ channel }}_orders_90d,
        {% endfor -%}
        recent.n_priced_orders_90d,
        recent.discount_90d
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join lifetimes on spine.customer_id = lifetimes.customer_id and spine.snapshot_date = lifetimes.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(over_windows(['n_orders']) + ['n_orders_lifetime'], 'has_orders') }},
    {{ zero_if_covered(over_windows(['spend']) + ['spend_lifetime'], 'has_orders', counted_by='n_orders') }},
    first_ordered_at,
    last_ordered_at,
    recency_days,
    days_since_first_order,
    gap_mean_days,
    gap_mean_90d_days,
    gap_mean_90d_days / nullif(gap_mean_days, 0) as gap_trend,
    recency_days / nullif(gap_mean_days, 0) as recency_to_gap,
    -- Over the orders whose money is known in the reporting currency.
    {{ ratio('spend_lifetime', 'n_priced_orders_lifetime') }} as aov_lifetime,
    {{ ratio('spend_90d', 'n_priced_orders_90d') }} as aov_90d,
    {{ ratio('discount_lifetime', 'discount_lifetime + spend_lifetime') }} as discount_lifetime_share,
    {{ ratio('discount_90d', 'discount_90d + spend_90d') }} as discount_90d_share,
    {% for channel in order_channels() -%}
    {{ ratio('n_' ~ channel ~ '_orders_90d', 'n_orders_90d') }} as {{ channel }}_orders_90d_share
    {% if not loop.last %},{% endif %}
    {% endfor %}
from joined
