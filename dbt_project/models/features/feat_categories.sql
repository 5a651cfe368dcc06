with spine as ({{ spine(covered_by=['order_items']) }}),

coverage as (select * from {{ ref('int_core__coverage') }}),

bought as (
    select
        customer_id,
        snapshot_date,
        coalesce(category, 'unknown') as category,
        cast(spend as double) as spend
    from {{ ref('int_commerce__category_lifetimes') }}
    where {{ in_snapshots_to_build() }}
),

variety as (
    select
        customer_id,
        snapshot_date,
        count(*) as n_categories_lifetime
    from bought
    group by customer_id, snapshot_date
),

-- Shares are of money; gifts and lines without a known rate have none.
spent as (
    select * from bought
    where spend > 0
),

totals as (
    select
        customer_id,
        snapshot_date,
        sum(spend) as spend
    from spent
    group by customer_id, snapshot_date
),

shares as (
    select
        spent.customer_id,
        spent.snapshot_date,
        spent.category,
        spent.spend / totals.spend as share_of_spend,
        row_number() over (
            partition by spent.customer_id, spent.snapshot_date
            order by spent.spend desc, spent.category asc
        ) as place
    from spent
    inner join totals on spent.customer_id = totals.customer_id and spent.snapshot_date = totals.snapshot_date
),

mixes as (
    select
        customer_id,
        snapshot_date,
        max(case when place = 1 then category end) as top_category,
        max(case when place = 1 then share_of_spend end) as top_category_share,
        -sum(share_of_spend * ln(share_of_spend)) as category_entropy
    from shares
    group by customer_id, snapshot_date
),

lines as ({{ known_rows(ref('int_commerce__order_lines'), clock='ordered_at', days=windows()[-1]) }}),

recent as (
    select
        customer_id,
        snapshot_date,
        {{ windowed('sum(quantity)', 'n_units', clock='ordered_at', type='decimal(28, 4)') }},
        {{ windowed('count(distinct product_id)', 'n_products', clock='ordered_at') }},
        {{ windowed("count(distinct coalesce(category, 'unknown'))", 'n_categories', clock='ordered_at') }}
    from lines
    group by customer_id, snapshot_date
),

joined as (
    select
        spine.customer_id,
        spine.snapshot_date,
        spine.lake_batch,
        coverage.has_order_items,
        {% for column in over_windows(['n_units', 'n_products', 'n_categories']) -%}
        recent.{{ column }},
        {% endfor -%}
        variety.n_categories_lifetime,
        mixes.top_category,
        mixes.top_category_share,
        mixes.category_entropy
    from spine
    inner join coverage on spine.snapshot_date = coverage.snapshot_date
    left join variety on spine.customer_id = variety.customer_id and spine.snapshot_date = variety.snapshot_date
    left join mixes on spine.customer_id = mixes.customer_id and spine.snapshot_date = mixes.snapshot_date
    left join recent on spine.customer_id = recent.customer_id and spine.snapshot_date = recent.snapshot_date
)

select
    customer_id,
    snapshot_date,
    lake_batch,
    {{ zero_if_covered(
        over_windows(['n_products', 'n_categories']) + ['n_categories_lifetime'], 'has_order_items'
    ) }},
    {{ zero_if_covered(over_windows(['n_units']), 'has_order_items', counted_by='n_categories') }},
    top_category,
    top_category_share,
    category_entropy
from joined
